// May the group act by itself now, and if not, why? Pure.
#pragma once

#include "health/core/group/state.hpp"

namespace sengu::health {

/// Why the group does nothing without the operator: paused, the mode, a stall, the journal, another decider. None: it
/// may act.
Reason why_hands_off(const GroupState& group);
/// Why no failover for that reason may begin now.
Reason why_not_act(const GroupState& group, Reason cause);
/// The reason that holds a failover back will pass: a full disk, a cool-down, a replica that is about to be fit. Until
/// then a master that restarted, perhaps with older data, is not taken back.
bool may_still_fail_over(const GroupState& group, Reason cause);

/// Semi-synchronous replication is about to be switched on: until then no new client is let in.
bool awaits_semi_sync(const GroupState& group);

}  // namespace sengu::health
