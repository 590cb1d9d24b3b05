// A group as `sengu status`, the API and the metrics show it. Pure: remembers nothing, decides nothing.
#pragma once

#include "health/core/group/state.hpp"

namespace sengu::health {

GroupStatus status_of(const GroupState& group, Time at);

}  // namespace sengu::health
