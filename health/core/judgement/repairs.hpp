// What to mend while a master is routed: replicas that follow something else are repointed, other masters are
// demoted. Pure. The order under amnesia (RULES §6.2) is kept here: every other node follows the new master
// before the emptied one is touched, and nothing is pointed at a master that would wipe it.
#pragma once

#include <vector>

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

struct Repair {
  NodeId node;
  Step step;
};

std::vector<Repair> find_repairs(const Knowledge& knowledge, Time now);

/// The node's server is the very process that the present master replaced: the fence of that failover may hold there.
bool was_master_before(const Knowledge& knowledge, const NodeView& node);

/// A replica that follows neither the master nor a replica of it; or one that a change of master left in a chain, or
/// that the death of the replica between cut off for down_after.
bool strays(const Knowledge& knowledge, const NodeView& node, Time now);

}  // namespace sengu::health
