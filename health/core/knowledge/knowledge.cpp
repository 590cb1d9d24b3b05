#include "health/core/knowledge/knowledge.hpp"

#include <algorithm>
#include <utility>

namespace sengu::health {

void Copy::hold(const std::string& node, const ServerInfo& seen) {
  HeldCopy now{node, seen.run_id, seen.keys, seen.offset};
  if (held && held->server_id == seen.run_id) now.growth = seen.keys > held->keys ? seen.keys - held->keys : 0;
  held = std::move(now);
  journalled = false;
  expiring = seen.expiring.count;
  longest_ttl = seen.expiring.longest_ttl;
}

std::optional<NodeId> Knowledge::find_name(const std::string& name) const {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].settings->name == name) return node_id(i);
  }
  return std::nullopt;
}

std::optional<NodeId> Knowledge::find_address(const Endpoint& address) const {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].settings->replication_address == address || nodes[i].settings->address == address) return node_id(i);
  }
  return std::nullopt;
}

std::optional<NodeId> Knowledge::master_of(const NodeView& view) const {
  return view.says(Role::replica) ? find_address(view.info->master) : std::nullopt;
}

bool Knowledge::follows_directly(const NodeView& view, NodeId wanted) const { return master_of(view) == wanted; }

bool Knowledge::follows(const NodeView& view, NodeId wanted) const {
  const NodeView* at = &view;
  for (std::size_t hops = 0; hops < nodes.size(); ++hops) {  // bounded: a ring of replicas has no end
    if (!at->says(Role::replica)) return false;
    const auto next = find_address(at->info->master);
    if (!next) return false;
    if (*next == wanted) return true;
    at = &node(*next);
  }
  return false;
}

bool all_asked(const Knowledge& knowledge) {
  return std::all_of(knowledge.nodes.begin(), knowledge.nodes.end(),
                     [](const NodeView& node) { return node.outcome.has_value(); });
}

/// Told by the start, where the server tells it: its up-time jumps where its clock is set. The up-time was read at some
/// time between question and answer, which a server that was frozen meanwhile sets far apart.
bool was_restarted(const NodeView& before, const Observation& seen) {
  constexpr std::chrono::seconds jitter{2};  // Uptime has whole seconds
  if (!before.info || !before.info->sql || !seen.info->sql) return false;
  const auto started = before.info->sql->started, started_now = seen.info->sql->started;
  if (started.count() != 0 && started_now.count() != 0) return started != started_now;
  if (seen.info->sql->uptime < before.info->sql->uptime) return true;
  return seen.asked - seen.info->sql->uptime > before.info_answered - before.info->sql->uptime + jitter;
}

}  // namespace sengu::health
