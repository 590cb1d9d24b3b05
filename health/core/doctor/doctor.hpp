// The doctor: what would make a failover of this group slow, lossy or impossible, as far as the nodes tell. Pure:
// judges what is known now, remembers nothing, decides nothing.
#pragma once

#include <string>
#include <vector>

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

/// Each finding is one sentence for people, with the setting to change where there is one; none where all is well.
/// Nodes that do not answer are left out, and settings that a server did not tell count as good.
std::vector<std::string> examine(const Knowledge& known);

}  // namespace sengu::health
