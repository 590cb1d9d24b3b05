#include "health/core/judgement/repairs.hpp"

#include <algorithm>

#include "config/base/assert.hpp"
#include "health/core/judgement/copies.hpp"

namespace sengu::health {
namespace {

using namespace std::chrono_literals;

// As Sentinel's SENTINEL_SLAVE_RECONF_TIMEOUT: a repointed replica that makes no progress for this long no longer
// counts among those that may sync at a time.
constexpr auto repoint_timeout = 10s;

/// A step is only as good as the master it points at: that master must have been seen after the node was. (Found by
/// the exhaustive test: the master's path cut, it restarted empty unseen, and a node made master by hand was demoted
/// to it.)
bool master_seen_after(const Knowledge& knowledge, const NodeView& node) {
  return knowledge.node(*knowledge.master).info_asked >= node.info_asked;
}

bool can_be_told(const Knowledge& knowledge, const NodeView& node, Time now) {
  if (node.told.step || node.outcome != Outcome::ok || !node.info) return false;
  if (node.info_asked < node.told.done) return false;            // not seen since its last step
  if (node.says(Role::master) && !node.rogue.now) return false;  // its last offset is not known yet (RULES §4.2)
  return master_seen_after(knowledge, node) && now >= node.told.retry;
}

bool is_emptied_rogue(const Knowledge& knowledge, const NodeView& node) {
  const ServerInfo& master = *knowledge.node(*knowledge.master).info;
  if (node.info->sql || is_stranger(knowledge, node)) return false;  // no node of ours syncs from it
  return node.says(Role::master) && (node.info->keys == 0 || node.info->keys * 2 < master.keys);
}

struct Ward {
  const Knowledge& knowledge;
  Time now;
  int syncing = 0;
  bool hurry = false;  // replicas sync from a server that wipes them
  bool all_others_follow = true;
};

Ward look_around(const Knowledge& knowledge, Time now) {
  Ward ward{knowledge, now};
  for (std::size_t i = 0; i < knowledge.nodes.size(); ++i) {
    const NodeView& node = knowledge.nodes[i];
    if (!node.outcome) ward.all_others_follow = false;  // not asked yet: the node that it follows is unknown
    if (NodeId{static_cast<std::uint16_t>(i)} == *knowledge.master || !node.alive() || !node.info) continue;
    const bool syncs = node.replica.syncing && now - node.replica.repointed < repoint_timeout;
    if (syncs || node.told.step == Step::repoint) ++ward.syncing;
    if (is_emptied_rogue(knowledge, node) || (node.says(Role::master) && is_stranger(knowledge, node))) {
      ward.hurry = true;
    } else if (node.says(Role::master) || strays(knowledge, node, now)) {
      ward.all_others_follow = false;
    }
  }
  return ward;
}

/// A master whose sessions wait for an acknowledgement holds transactions that its GTID set does not name yet (tried on
/// MySQL 9.7). A fence ends the waiting, and then the set is whole.
bool is_fenced(const ServerInfo& info) {
  return info.read_only && info.sql->semi_sync_source != SemiSync::on && info.sql->semi_sync_waiting == 0;
}

/// Only its relay log holds what the master has not, and the operator gave that up: a change of source throws it away.
bool may_lose_its_relay_log(const Knowledge& knowledge, const NodeView& node) {
  ServerInfo applied = *node.info;
  applied.sql->received = applied.sql->executed;
  return node.copy.welcome && !node.info->master.host.empty() && errant(knowledge.history, applied).empty();
}

/// A returned master is fenced at first contact. A node with transactions of its own is left as it is, for people to
/// repair.
std::optional<Step> mend_sql(const Knowledge& knowledge, const NodeView& node, Time now) {
  const ServerInfo& info = *node.info;
  if (node.says(Role::master)) return Step::fence;
  const bool follows_the_master = knowledge.settings->semi_sync == config::SemiSync::automatic;
  const bool waits_in_vain = !info.master.host.empty() && info.sql->semi_sync_source == SemiSync::on;
  // Before anything else: STOP REPLICA hangs for as long as its applier waits for an acknowledgement (RULES §9.3).
  if (follows_the_master && waits_in_vain) return Step::semi_sync_off;
  if (strays(knowledge, node, now)) {
    const bool returned = info.master.host.empty();
    if (returned && !is_fenced(info)) return Step::fence;
    if (!errant(knowledge.history, info).empty() && !may_lose_its_relay_log(knowledge, node))
      return info.read_only ? std::nullopt : std::optional(Step::fence);
    return returned ? Step::demote : Step::repoint;
  }
  const bool may_join = info.sql->gave_up && info.sql->applying && errant(knowledge.history, info).empty();
  return may_join ? std::optional(Step::start_receiving) : std::nullopt;
}

std::optional<Step> mend(Ward& ward, const NodeView& node) {
  if (node.info->sql) return mend_sql(ward.knowledge, node, ward.now);
  if (node.says(Role::master)) {
    if (!is_emptied_rogue(ward.knowledge, node)) return Step::demote;
    return ward.all_others_follow ? std::optional(Step::demote_emptied) : std::nullopt;
  }
  if (!strays(ward.knowledge, node, ward.now)) return std::nullopt;
  const bool room = ward.hurry || ward.syncing < ward.knowledge.settings->failover.parallel_syncs;
  if (!room) return std::nullopt;
  ++ward.syncing;
  return Step::repoint;
}

}  // namespace

bool strays(const Knowledge& knowledge, const NodeView& node, Time now) {
  if (!node.says(Role::replica)) return false;
  if (!knowledge.follows(node, *knowledge.master)) return true;
  const NodeView& source = knowledge.node(*knowledge.master_of(node));
  const bool is_gone = source.shown.sdown && now - source.silent_since >= knowledge.settings->health.down_after;
  return source.replica.left_in_chain ||
         (is_gone && !node.info->link_up && knowledge.master_of(node) != knowledge.master);
}

bool was_master_before(const Knowledge& knowledge, const NodeView& node) {
  const auto& masters = knowledge.record.past_servers;
  return masters.size() > 1 && node.info && masters[masters.size() - 2] == node.info->run_id;
}

std::vector<Repair> find_repairs(const Knowledge& knowledge, Time now) {
  SENGU_ASSERT(knowledge.master);
  const NodeView& master = knowledge.node(*knowledge.master);
  std::vector<Repair> repairs;
  if (!master.says(Role::master) || master.outcome != Outcome::ok) return repairs;
  Ward ward = look_around(knowledge, now);
  for (std::size_t i = 0; i < knowledge.nodes.size(); ++i) {
    const NodeId id{static_cast<std::uint16_t>(i)};
    const NodeView& node = knowledge.nodes[i];
    if (id == *knowledge.master || !can_be_told(knowledge, node, now)) continue;
    if (is_stranger(knowledge, node) || would_be_wiped(knowledge, node)) continue;
    const bool kept = !node.copy.welcome && now < node.rogue.since + knowledge.settings->failover.rejoin_delay;
    if (node.says(Role::master) && kept && has_a_tail(*master.info, *node.info)) continue;
    if (const auto step = mend(ward, node)) repairs.push_back({id, *step});
  }
  return repairs;
}

}  // namespace sengu::health
