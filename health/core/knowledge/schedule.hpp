// What a group of MySQL servers knows of scheduled events (CREATE EVENT): what each node told, and what a change of
// master left switched off. The journal knows nothing of it: a run of sengu that has not seen the master before
// switches no event on. Written by health/core/group/schedule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "health/model/observation.hpp"
#include "health/model/reason.hpp"
#include "health/model/scheduled_events.hpp"
#include "health/model/time.hpp"

namespace sengu::health {

/// One node as it was last asked.
struct NodeEvents {
  std::optional<ScheduledEvents> told;  // none: it was not asked yet, refused, or gave no answer three times
  std::string untold;                   // the error with which it refused; empty where it did not
  bool pending = false;                 // a question is under way
  Time sent{};                          // when the last question was sent; means nothing before the first
  std::optional<Time> due_after;        // the next question counts from here; none: it is due now
  int unanswered = 0;                   // questions in a row without an answer
};

/// A change of master, or one that was given up and had fenced the master.
struct Handover {
  /// by_hand: people, or another decider, made the node a master.
  enum class By : std::uint8_t { sengu, hand };

  NodeId from{};  // the master before
  Time at{};      // when the change was over
  By by = By::sengu;
  Reason cause = Reason::none;
  std::optional<ScheduledEvents> had;  // what the master before told last, as the master; none: not known
  bool looked = false;  // the present master told after `at` what it has; until then `left` is all that was enabled
  std::vector<ScheduledEvent> left;  // ENABLED on the master before, and SLAVESIDE_DISABLED on the present one
  std::optional<ScheduledEvents::Scheduler> scheduler_left;  // what event_scheduler was before, where it differs now
  bool said = false;                                         // +events-left was said
};

/// The step that follows the master before (scheduled_events = "follow").
struct FollowingEvents {
  bool running = false;  // the step is under way
  int failures = 0;      // steps in a row after which nothing more was enabled
  Time retry{};          // no step before this
  std::string error;     // of the last step; empty: it was done
};

struct Schedule {
  std::vector<NodeEvents> nodes;             // by NodeId; those that were never asked may be missing
  std::optional<ScheduledEvents> of_master;  // what the present master told last, as the master
  std::optional<Handover> handover;          // the last one of this run
  FollowingEvents following;                 // reset with each handover

  NodeEvents& of(NodeId id) {
    if (nodes.size() <= index(id)) nodes.resize(index(id) + 1);
    return nodes[index(id)];
  }
  const ScheduledEvents* told_by(NodeId id) const {
    return index(id) < nodes.size() && nodes[index(id)].told ? &*nodes[index(id)].told : nullptr;
  }
};

}  // namespace sengu::health
