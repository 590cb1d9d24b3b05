// A failover that waits for a relay log, for people: what is waited for and until when, and what it would cost not to.
#pragma once

#include <string>

#include "health/core/group/state.hpp"

namespace sengu::health {

/// Empty where no failover waits for a relay log.
std::string what_is_waited_for(const GroupState& group);

/// What replicas have received and `chosen` has not applied (Redis: not received): "3 transactions that it has not
/// applied are".
std::string what_is_given_up(const Knowledge& known, NodeId chosen);

}  // namespace sengu::health
