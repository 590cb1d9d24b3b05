// Keeps up what each node was seen to hold as a copy of the group's data (Copy). Redis only.
#pragma once

#include "health/core/group/scene.hpp"

namespace sengu::health {

/// The node's INFO was read, and the master judged by it.
void look_at_copy(const Scene& scene, NodeId id);

}  // namespace sengu::health
