// Which scheduled events a change of master leaves switched off, and what switches them on. Pure.
#pragma once

#include <string>
#include <vector>

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

/// When the node is next asked without a cause: each minute, or each ten seconds where people may just be at it.
Time events_due(const Knowledge& known, NodeId id);

/// What the present master would hand over: as it told last, and what is still left of the handover before counts as
/// enabled. None where that is not known.
std::optional<ScheduledEvents> what_it_hands_over(const Knowledge& known);

/// Events of the present master that do not run there, and of which it is not known whether the master before had them
/// enabled: to a replica both look the same.
std::vector<ScheduledEvent> unknown_events(const Knowledge& known);

/// What is left to be run on the present master, in order; empty: nothing.
std::vector<std::string> statements_left(const Knowledge& known);
/// The same where it is not known what was enabled.
std::vector<std::string> statements_of_unknown(const Knowledge& known);

/// A node that is no master and runs events all the same: its writes are transactions of its own. MySQL's
/// super_read_only stops them.
bool runs_events_as_a_replica(const Knowledge& known, NodeId id);

/// Joined by "; ", in parts of some 2,000 bytes.
std::vector<std::string> in_parts(const std::vector<std::string>& statements);

}  // namespace sengu::health
