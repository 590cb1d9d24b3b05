// What to mend while a master is routed: replicas that follow something else are repointed, other masters are
// demoted. Pure. The order under amnesia (safety.md §6.2) is kept here: every other node follows the new master
// before the emptied one is touched, and nothing is pointed at a master that would wipe it.
#pragma once

#include <vector>

#include "health/core/knowledge.hpp"

namespace sengu::health {

struct Repair {
  NodeId node;
  Step step;
};

std::vector<Repair> find_repairs(const Knowledge& knowledge, Time now);

/// Following `master` would replace the node's data by much less of another history.
bool would_wipe(const ServerInfo& master, const ServerInfo& node);

}  // namespace sengu::health
