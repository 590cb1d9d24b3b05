// Two deciders on one group make two masters (RULES §7.3): when the nodes are asked which deciders are connected to
// them, and what they told. No clock, no socket. health/redis/clients knows deciders by the names of their connections.
#pragma once

#include <string>
#include <vector>

#include "health/core/knowledge/knowledge.hpp"
#include "health/model/outbox.hpp"

namespace sengu::health {

/// Sends the question to the node now. Requires !deciders.pending.
void ask_deciders(Knowledge& knowledge, Outbox& out, NodeId id, Lane lane, Time now);
/// When the node is next asked without a cause: each minute, every two seconds while another decider is connected,
/// every ten while it refuses REPLICAOF.
Time deciders_due(const NodeView& node);
void take_deciders(NodeView& node, const DecidersTold& told);

/// The deciders that the answering nodes name: each once, in order.
std::vector<std::string> other_deciders(const Knowledge& knowledge);
bool has_other_deciders(const Knowledge& knowledge);

}  // namespace sengu::health
