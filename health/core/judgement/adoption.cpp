#include "health/core/judgement/adoption.hpp"

#include "health/core/judgement/read_only.hpp"

namespace sengu::health {

namespace {

/// MySQL: the journal's master takes no writes and follows nothing: it names no other master, and need not, where
/// another node of the group names the new one, which has all that it has. People who switch by hand may leave it so.
bool stands_aside(const Knowledge& knowledge, NodeId id, NodeId master) {
  if (knowledge.master != id || knowledge.nodes.size() < 3 || read_only_master(knowledge) == ReadOnly::no) return false;
  const auto& sql = knowledge.node(master).info->sql;
  return sql && sql->executed.contains(knowledge.node(id).info->sql->executed);
}

bool agrees(const Knowledge& knowledge, NodeId id, NodeId master) {
  return knowledge.follows(knowledge.node(id), master) || stands_aside(knowledge, id, master);
}

}  // namespace

Adoption find_adoptable(const Knowledge& knowledge) {
  std::optional<NodeId> master;
  for (std::size_t i = 0; i < knowledge.nodes.size(); ++i) {
    const NodeView& node = knowledge.nodes[i];
    if (!node.info || node.outcome != Outcome::ok) return {std::nullopt, Reason::group_unseen};
    if (!node.says(Role::master)) continue;
    if (master) return {std::nullopt, Reason::two_masters};
    master = NodeId{static_cast<std::uint16_t>(i)};
  }
  if (!master) return {std::nullopt, Reason::no_master};
  for (std::size_t i = 0; i < knowledge.nodes.size(); ++i) {
    if (NodeId{static_cast<std::uint16_t>(i)} == *master) continue;
    if (!agrees(knowledge, node_id(i), *master)) return {std::nullopt, Reason::replica_of_stranger};
  }
  if (!knowledge.record.replid.empty() && !of_history(*knowledge.node(*master).info, knowledge.record)) {
    return {std::nullopt, Reason::foreign_history};
  }
  return {master, Reason::adopted};
}

}  // namespace sengu::health
