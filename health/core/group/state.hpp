// The inside of Group: its parts, each of which owns its own state, and how one step goes through them. state.cpp has
// the order of a step, intake.cpp takes in what happened, decide.cpp acts on that, wishes.cpp does what operators ask
// for.
#pragma once

#include "health/core/change/failover.hpp"
#include "health/core/group/doubt.hpp"
#include "health/core/group/group.hpp"
#include "health/core/group/journal_health.hpp"
#include "health/core/group/lost_tail.hpp"
#include "health/core/group/master_check.hpp"
#include "health/core/group/mending.hpp"
#include "health/core/group/own_fence.hpp"
#include "health/core/group/pace.hpp"
#include "health/core/group/routing.hpp"
#include "health/core/group/stall.hpp"
#include "health/core/judgement/adoption.hpp"

namespace sengu::health {

/// Copies are independent of each other: no part refers to another.
struct GroupState {
  GroupState(const config::GroupSettings& settings, std::optional<JournalRecord> journal, JournalFound found);

  // --- state.cpp: step by step ---
  Commands start(Time at, Time first_probe);
  Commands step(Time at, const Input& input);
  void look();
  void decide();
  void run_machine();
  void mend();
  void keep_journal();
  Route route() const;

  // --- intake.cpp: what happened ---
  void take(const ProbeDone& done);
  void take(const ConnectionLost& lost);
  void take(const ConnectFailed& failed);
  void take(const Published& done);
  void take(const JournalWritten& written);
  void take(const StepDone& done);
  void take(const DecidersTold& told);
  void take(const EventsTold& told);
  void take(const Stalled& stalled);
  void take(const Tick& tick);
  void take_info(NodeId id, const Observation& seen);
  void take_master_info(const Observation& seen);
  void take_replica_info(NodeId id);
  void judge_errant(NodeId id);

  // --- decide.cpp: what is done about it ---
  void end_change(const FailoverMachine::Ended& ended);
  void adopt(NodeId node, Reason reason);
  void try_failover(Reason cause);

  // --- wishes.cpp: what operators ask for ---
  void take(const Order& order);

  Scene scene() { return {now, known, out}; }
  ChangeContext context();
  const config::GroupSettings& settings() const { return *known.settings; }

  Knowledge known;
  FailoverMachine machine;
  Outbox out;
  Time now{};
  Time deadline{};  // when the next step is due at the latest; the epoch before the first
  Stall stall;
  Routing routing;
  JournalHealth journal;
  Doubt doubt;
  MasterCheck check;
  Mending mending;
  OwnFence own_fence;
  LostTail lost_tail;
  Pace pace;
  Reasons reasons;
  bool paused = false;                         // by the operator: no automatic action
  bool switched_unseen = false;                // another node became a master during a stall, or before this run
  bool target_shaken = false;                  // the connection to the target broke while the failover was confirming
  std::optional<NodeId> promote_sent_to;       // it may carry the promote out late, which is no switch by hand
  std::vector<std::string> reported_deciders;  // in the last event
};

}  // namespace sengu::health
