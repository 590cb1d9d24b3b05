#include "health/core/judgement/adoption.hpp"

namespace sengu::health {

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
    if (!knowledge.follows(knowledge.nodes[i], *master)) return {std::nullopt, Reason::replica_of_stranger};
  }
  if (!knowledge.record.replid.empty() && !of_history(*knowledge.node(*master).info, knowledge.record)) {
    return {std::nullopt, Reason::foreign_history};
  }
  return {master, Reason::adopted};
}

}  // namespace sengu::health
