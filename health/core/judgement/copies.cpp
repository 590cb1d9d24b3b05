#include "health/core/judgement/copies.hpp"

#include <algorithm>

namespace sengu::health {

namespace {

constexpr std::uint64_t tolerance =
    10;  // a tenth: what a server may have lost or gained between our last look and its end
constexpr std::uint64_t growth_factor = 3;   // looks at it that may have been missed
constexpr std::int64_t bytes_of_a_key = 14;  // in the stream of replication at the least: "$1\r\nk\r\n$1\r\nv\r\n"

bool contains(const std::vector<std::string>& list, const std::string& id) {
  return !id.empty() && std::find(list.begin(), list.end(), id) != list.end();
}

/// One of its replication ids is, or was, the group's.
bool shares_history(const Knowledge& known, const ServerInfo& info) {
  const auto is_ours = [&](const std::string& id) {
    if (id.empty()) return false;
    if (id == known.history.replid || id == known.history.parent || id == known.record.replid) return true;
    return contains(known.record.past_replids, id);
  };
  return is_ours(info.replid) || is_ours(info.replid2);
}

/// The very process that was seen as one of the group. One that follows another's server may hold that one's data.
bool is_a_process_of_ours(const Knowledge& known, const NodeView& node) {
  const ServerInfo& info = *node.info;
  if (!info.master.host.empty() && !known.find_address(info.master)) return false;
  return contains(known.record.past_servers, info.run_id) || node.copy.taken_for_ours == info.run_id ||
         (node.copy.held && node.copy.held->server_id == info.run_id);
}

/// The most keys of a replica that shares the group's history; none: no such replica was seen.
std::optional<std::uint64_t> most_keys_of_replicas(const Knowledge& known) {
  std::optional<std::uint64_t> most;
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    const NodeView& node = known.nodes[i];
    if (known.master == node_id(i) || !node.info || !received(known.history, *node.info)) continue;
    most = std::max(most.value_or(0), node.info->keys);
  }
  return most;
}

/// Who has received no less of the history has more than twice as many keys, which the writes between the two do not
/// explain.
bool is_emptier(std::uint64_t keys, std::int64_t offset, std::uint64_t other_keys, std::int64_t other_offset) {
  if (other_keys <= keys * 2 || other_offset < offset) return false;
  return static_cast<std::int64_t>(other_keys - keys) > (other_offset - offset) / bytes_of_a_key;
}

bool is_emptier_than(const History& history, const ServerInfo& node, const ServerInfo& other) {
  const auto mine = received(history, node), its = received(history, other);
  if (!mine || !its || mine->diverged || its->diverged) return false;
  return is_emptier(node.keys, mine->offset, other.keys, its->offset);
}

}  // namespace

Hearing hearing_of(const Knowledge& knowledge, const NodeView& node, Time master_lost_at) {
  const ServerInfo& info = *node.info;
  if (info.link_up) return Hearing::recent;
  const bool same_process = node.copy.held && node.copy.held->server_id == info.run_id;
  std::optional<Time> heard = same_process ? node.copy.fed : std::nullopt;
  if (info.link_down_for) heard = node.info_asked - *info.link_down_for;
  if (!heard) return info.sql ? Hearing::recent : Hearing::untold;
  return *heard + deaf_factor * knowledge.settings->health.down_after < master_lost_at ? Hearing::deaf
                                                                                       : Hearing::recent;
}

bool master_lives_with_data(const Knowledge& knowledge) {
  if (!knowledge.master) return false;
  const NodeView& master = knowledge.node(*knowledge.master);
  return master.alive() && master.info && !is_emptied(knowledge, *master.info) && !is_stranger(knowledge, master);
}

bool is_emptied(const Knowledge& knowledge, const ServerInfo& returned) {
  if (returned.sql) {
    const auto held = received(knowledge.history, returned);
    return !held || held->offset * 2 < knowledge.history_offset;
  }
  auto best = most_keys_of_replicas(knowledge);
  const Copy* copy = knowledge.master ? &knowledge.node(*knowledge.master).copy : nullptr;
  // What an earlier run saw counts only where nothing newer is known.
  if (copy != nullptr && copy->held && (!copy->journalled || !best))
    best = std::max(best.value_or(0), copy->held->keys);
  return best ? returned.keys * 2 < *best : returned.keys == 0;
}

bool expiry_explains(const NodeView& returned) {
  const Copy& copy = returned.copy;
  const std::uint64_t keys = returned.info->keys;
  if (returned.info->sql || keys == 0 || !copy.held || !copy.fed || keys >= copy.held->keys) return false;
  const Duration away = returned.info_asked - *copy.fed;
  return copy.held->keys - keys <= copy.expiring && copy.longest_ttl < away;
}

std::int64_t lacks_writes(const Knowledge& knowledge, const NodeView& returned) {
  const ServerInfo& info = *returned.info;
  if (info.sql || info.replid2.empty() || info.replid2 != knowledge.history.replid) return 0;
  std::int64_t most = 0;
  for (const NodeView& node : knowledge.nodes) {
    if (&node == &returned || !node.alive() || !node.info) continue;
    if (const auto held = received(knowledge.history, *node.info)) most = std::max(most, held->offset);
  }
  return std::max<std::int64_t>(0, most - (info.second_offset - 1));
}

bool is_stranger(const Knowledge& knowledge, const NodeView& node) {
  const ServerInfo& info = *node.info;
  if (info.sql || info.keys == 0 || node.copy.welcome) return false;
  if (shares_history(knowledge, info) || is_a_process_of_ours(knowledge, node)) return false;
  const bool at_the_masters_address = knowledge.master && &node == &knowledge.node(*knowledge.master);
  if (!node.copy.held) return !at_the_masters_address;  // a journal of 0.1.0 knows no numbers of keys
  const std::uint64_t held = node.copy.held->keys;
  if (info.keys + held / tolerance < held) return true;
  if (!node.copy.held->growth) return false;  // it may have been filled since the only look at it
  std::uint64_t most = held + growth_factor * *node.copy.held->growth;
  if (at_the_masters_address) most = std::max(most, most_keys_of_replicas(knowledge).value_or(0));
  return info.keys > most + most / tolerance;
}

bool would_be_wiped(const Knowledge& knowledge, const NodeView& node) {
  const NodeView& master = knowledge.node(*knowledge.master);
  if (node.info->sql || node.copy.welcome || node.info->keys <= master.info->keys * 2) return false;
  return master.copy.emptied || !shares_history(knowledge, *node.info);
}

bool lost_its_keys(const Knowledge& knowledge, NodeId id) {
  const NodeView& node = knowledge.node(id);
  const ServerInfo& info = *node.info;
  if (info.sql) return false;
  const auto& held = node.copy.held;
  const bool shrunk = held && held->server_id == info.run_id && info.keys * 2 < held->keys;
  if (shrunk && info.offset <= held->offset) return true;
  return std::any_of(knowledge.nodes.begin(), knowledge.nodes.end(), [&](const NodeView& other) {
    return &other != &node && other.info && is_emptier_than(knowledge.history, info, *other.info);
  });
}

bool had_lost_its_keys(const Knowledge& knowledge, const NodeView& node, const ServerInfo& other) {
  const Copy& copy = node.copy;
  if (other.sql || !copy.held || copy.journalled || copy.emptied || !node.says(Role::replica)) return false;
  const auto its = received(knowledge.history, other);
  if (!its || its->diverged || copy.held->server_id != node.info->run_id) return false;
  return is_emptier(copy.held->keys, copy.held->offset, other.keys, its->offset);
}

bool fuller_copy_may_come(const Knowledge& knowledge, NodeId id, Time now, Time returns_by) {
  const NodeView& node = knowledge.node(id);
  return std::any_of(knowledge.nodes.begin(), knowledge.nodes.end(), [&](const NodeView& other) {
    if (&other == &node || other.copy.emptied) return false;
    const bool tells = other.alive() && other.info;
    const std::uint64_t keys = tells ? other.info->keys : other.copy.held ? other.copy.held->keys : 0;
    if (keys <= node.info->keys * 2) return false;
    return tells ? !is_stranger(knowledge, other) : now < returns_by;
  });
}

}  // namespace sengu::health
