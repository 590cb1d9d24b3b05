// Two deciders on one group make two masters (RULES §7.3): when the nodes are asked who else is connected to them, and
// what they told. Pure. What a connection's name says is health/redis/clients.
#pragma once

#include <string>
#include <vector>

#include "health/core/knowledge/knowledge.hpp"
#include "health/model/outbox.hpp"

namespace sengu::health {

/// Asks the node now. Requires !deciders.pending.
void ask_deciders(Knowledge& knowledge, Outbox& out, NodeId id, Lane lane, Time now);
/// When it is to be asked again unasked: each minute, sooner while somebody is there.
Time deciders_due(const NodeView& node);
void take_deciders(NodeView& node, const DecidersTold& told);

/// Of the nodes that answer: each name once, in order.
std::vector<std::string> other_deciders(const Knowledge& knowledge);
bool has_other_deciders(const Knowledge& knowledge);

}  // namespace sengu::health
