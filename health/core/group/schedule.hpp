// Keeps up what is known of scheduled events over a change of master (Schedule), says what one leaves switched off, and
// with scheduled_events = "follow" has it switched on (RULES §4.6). MySQL only. Nothing of it holds a change of master
// up: it begins when the route is open, and a step that fails is tried again.
#pragma once

#include "health/core/group/scene.hpp"

namespace sengu::health {

/// Asks the nodes whose question is due. Not while a change of master runs.
void ask_events(const Scene& scene);
/// A node told its events. While a change of master runs the master's own do not count: the fence has stopped them.
void take_events(const Scene& scene, const EventsTold& told);
void look_at_masters_events(const Scene& scene, NodeId id);

/// A change of master is over, with the group's master in place; `from` is the one before, and `had` what it handed
/// over.
void hand_events_over(const Scene& scene, NodeId from, Handover::By by, Reason cause,
                      std::optional<ScheduledEvents> had);

/// Tells the master to go on as the one before. Requires that the master is routed and that sengu may act.
void follow_events(const Scene& scene);
void take_followed(const Scene& scene, const StepDone& done);

}  // namespace sengu::health
