// What the group does about its master: one ordered look at the situation, one Reason per outcome.
#pragma once

#include "health/core/group/state.hpp"

namespace sengu::health {

/// Requires that no change of master runs; may begin one.
void decide_about_master(GroupState& group);

/// The operator names a node that says master already, while none is routed: may it be taken as it is? The journal's
/// own master that came back without its data is taken only where the loss is accepted.
bool is_master_to_take(const GroupState& group, NodeId id, LossPolicy loss);

}  // namespace sengu::health
