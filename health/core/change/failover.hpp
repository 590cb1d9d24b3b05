// The failover of one group as a state machine: events in, commands out, `now` a parameter (safety.md §3.2).
//
//   state       leaves when                                        to
//   idle        begin()                                            barrier
//   idle        adopt(), resume_promotion()                        confirming
//   barrier     journal written and every worker acknowledged      survey
//   barrier     journal unwritable                                 idle (journal_unwritable)
//   survey      candidates seen again, a candidate is chosen       targeting; MySQL: applying
//   survey      none eligible, or a replica hears the old master   idle (aborted)
//   survey      another decider is connected to a node             idle (two_deciders)
//   applying    everything that the target received is applied     targeting
//   applying    its applier stopped, or it is another server       idle (applier_error, step_failed)
//   barrier .. targeting  the old master answers again             idle (master_alive_again)
//   targeting   journal written and every worker acknowledged      promoting
//   promoting   the target is observed as master                   confirming
//   promoting   refused, not observed in time, or another server   idle (step_failed)
//   confirming  journal written and every worker acknowledged      idle (done)
//
// While it is active the route is held and cut; the group publishes that, and opens when it is done.
#pragma once

#include <optional>

#include "health/core/judgement/candidate.hpp"
#include "health/core/knowledge/knowledge.hpp"
#include "health/model/outbox.hpp"

namespace sengu::health {

struct FailoverPlan {
  Reason cause = Reason::none;
  std::optional<NodeId> to;                 // the operator named it
  LossPolicy loss = LossPolicy::keep_writes;
  std::optional<RequestId> request;         // the operator waits for an answer
  Time lost_at{};                           // when the old master was lost
};

class FailoverMachine {
 public:
  enum class State : std::uint8_t { idle, barrier, survey, applying, targeting, promoting, confirming };

  /// What the machine may look at and write to in one step.
  struct Context {
    Time now;
    Knowledge& knowledge;
    Outbox& out;
    bool route_acknowledged;                // every worker has acknowledged the present route
    bool may_act;                           // not in tilt
    bool paused;                            // by the operator, maybe after it began
  };
  struct Ended {
    Reason result = Reason::none;           // none: the target is master and journalled
    NodeId target{};                        // where result is none
    ServerInfo master{};                    // ... as it was seen and journalled
    FailoverPlan plan;
  };

  State state() const { return state_; }
  bool active() const { return state_ != State::idle; }
  std::optional<NodeId> target() const { return target_; }
  const FailoverPlan& plan() const { return plan_; }
  /// Probes asked before this do not count; set in survey and promoting.
  std::optional<Time> wants_observations_since() const { return observe_since_; }
  Time deadline() const { return deadline_; }
  /// In applying: when nobody received any more, and when something was last applied.
  Time applying_since() const { return applying_since_; }
  Time applied_last() const { return applied_last_; }

  void begin(const Context& context, const FailoverPlan& plan);
  /// Takes `node`, which was observed as master, under a new epoch: no promotion.
  void adopt(const Context& context, NodeId node, Reason reason);
  /// The target of an earlier run of sengu was observed as master under the journal's epoch.
  void resume_promotion(const Context& context, NodeId target);
  /// The operator gives up what the target's relay log still holds. Requires state() == applying.
  void accept_loss();
  void journal_written(const JournalWritten& written);
  void step_done(Time now, const StepDone& done);
  /// Goes as far as what is known allows. Ended once, when the machine comes to rest.
  std::optional<Ended> advance(const Context& context);

 private:
  enum class Write : std::uint8_t { none, pending, ok, failed };

  bool target_observed(const Context& context) const;
  bool target_is_lost(const Context& context) const;
  Reason why_stop(const Context& context) const;
  void write(const Context& context);
  void enter_survey(const Context& context);
  std::optional<Ended> survey(const Context& context);
  bool deciders_told(const Context& context) const;
  void stop_receivers(const Context& context);
  bool survey_complete(const Context& context) const;
  void enter_applying(const Context& context, NodeId target);
  std::optional<Ended> apply(const Context& context);
  void enter_targeting(const Context& context, NodeId target);
  void enter_promoting(const Context& context);
  Endpoint donor(const Knowledge& knowledge) const;
  void enter_confirming(const Context& context, NodeId master);
  Ended end(Reason result);

  State state_ = State::idle;
  FailoverPlan plan_;
  std::optional<NodeId> target_;
  std::optional<Time> observe_since_;
  Time surveyed_since_{};                   // of the survey, or of the last stall within it
  Time deadline_{};
  Time fence_deadline_{};
  bool fencing_ = false;
  Time applying_since_{};
  Time applied_last_{};
  std::int64_t applied_ = 0;                // how far the target was seen to have applied
  ServerInfo seen_target_;                  // when chosen; then when observed as master
  std::optional<Time> promote_failed_;      // the step's own answer
  Write write_ = Write::none;
  Serial write_serial_{};
};

std::string_view to_string(FailoverMachine::State state);

}  // namespace sengu::health
