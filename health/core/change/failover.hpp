// The failover of one group as a state machine: events in, commands out, `now` a parameter (RULES §3.2).
//
//   from        to          when
//   idle        barrier     begin()
//   idle        confirming  adopt(), resume_promotion()
//   barrier     survey      journal written, and every worker acknowledged
//   barrier     idle        journal_unwritable; stopped
//   survey      applying    a candidate is chosen, where what it received is applied later
//   survey      targeting   a candidate is chosen
//   survey      idle        no_good_replica, witness_hears_master, two_deciders, still_behind, step_failed; stopped
//   applying    targeting   all that the target received is applied, or its loss was accepted
//   applying    idle        applier_error, applier_stopped, step_failed, no_good_replica, still_behind; stopped
//   targeting   promoting   journal written, and every worker acknowledged
//   targeting   idle        journal_unwritable, step_failed; stopped
//   promoting   confirming  the target is observed as master
//   promoting   idle        step_failed: refused, not observed in time, or another server
//   confirming  idle        done: journal written, and every worker acknowledged
//
// stopped: master_alive_again, where it was begun on evidence against the master; paused, where the operator did not
// ask for it. A failover that does not end with `done` leaves the old master in its role. targeting, promoting and
// confirming are states of Promotion. While the machine is active the group publishes a route that is held and cut; it
// opens the route after the end. tests/unit/core/failover_table_test.cpp reads this table back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "health/core/change/applying.hpp"
#include "health/core/change/promotion.hpp"
#include "health/core/judgement/candidate.hpp"

namespace sengu::health {

struct FailoverPlan {
  Reason cause = Reason::none;
  std::optional<NodeId> to;  // the operator named it
  LossPolicy loss = LossPolicy::keep_writes;
  std::optional<RequestId> request;  // the operator waits for an answer
  Time lost_at{};                    // when the old master was lost
  std::string cost{};                // for that answer: what the operator gave up
  std::optional<Order> next{};       // waits for the end of this change: carried out where it comes to nothing
};

class FailoverMachine {
 public:
  enum class State : std::uint8_t { idle, barrier, survey, applying, targeting, promoting, confirming };

  struct Ended {
    Reason result = Reason::none;  // none: the target is master and journalled
    std::optional<NodeId> target;  // the chosen node; none where none was chosen, never where result is none
    ServerInfo master{};           // where result is none: the new master as it was seen and journalled
    bool loss_unknown = false;     // the target did not tell how old its data was
    FailoverPlan plan;
  };

  State state() const;
  bool active() const { return state() != State::idle; }
  /// The chosen node, from applying on.
  std::optional<NodeId> target() const;
  const FailoverPlan& plan() const { return plan_; }
  /// In survey, targeting and promoting: an answer to a question from before this time does not count.
  std::optional<Time> wants_observations_since() const;
  /// When step() is due although nothing new was observed.
  Time deadline() const;
  /// Means something in applying.
  const Applying& applying() const { return applying_; }

  void begin(const ChangeContext& context, const FailoverPlan& plan);
  /// Takes `node`, which was observed as master, under a new epoch: no promotion.
  void adopt(const ChangeContext& context, NodeId node, Reason reason);
  /// The target of an earlier run of sengu was observed as master under the journal's epoch.
  void resume_promotion(const ChangeContext& context, NodeId target);
  /// The operator gives up what relay logs still hold: `to`, or the node that has applied most, is the target from now
  /// on. Requires state() == applying.
  void accept_loss(std::optional<NodeId> to);
  /// `order` waits for the end of the change that is under way. Requires active().
  void then(const Order& order);
  void journal_written(const JournalWritten& written);
  void step_done(Time now, const StepDone& done);
  /// Goes as far as what is known allows. Ended once, when the machine comes to rest.
  std::optional<Ended> advance(const ChangeContext& context);
  /// The failover came to nothing: takes back the fence of the old master, where one was sent and it lives.
  void unfence(const ChangeContext& context) const;

 private:
  enum class Fence : std::uint8_t { none, owed, told };  // told: its answer is waited for

  Reason why_stop(const ChangeContext& context) const;
  std::optional<Ended> wait_for_barrier(const ChangeContext& context);
  void enter_survey(const ChangeContext& context);
  Milliseconds fence_patience(const ChangeContext& context) const;
  void fence(const ChangeContext& context);
  std::optional<Ended> survey(const ChangeContext& context);
  std::optional<Ended> choose(const ChangeContext& context);
  bool deciders_told(const ChangeContext& context) const;
  void stop_receivers(const ChangeContext& context) const;
  bool survey_complete(const ChangeContext& context) const;
  void enter_applying(const ChangeContext& context, NodeId target);
  std::optional<Ended> apply(const ChangeContext& context);
  void enter_targeting(const ChangeContext& context, NodeId target);
  Ended end(Reason result);

  State state_ = State::idle;  // idle while the promotion runs
  Promotion promotion_;
  FailoverPlan plan_;
  Applying applying_;
  std::optional<Time> observe_since_;
  Time surveyed_since_{};  // of the survey, or of the last stall within it
  Time deadline_{};
  Time fence_deadline_{};
  Fence fence_ = Fence::none;
  NodeId fenced_{};      // the old master, once its fence was told
  bool untold_ = false;  // the chosen node does not tell when it heard the old master last
  RecordWrite write_;    // of the barrier
};

std::string_view to_string(FailoverMachine::State state);

}  // namespace sengu::health
