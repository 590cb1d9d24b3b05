#include "health/core/judgement/fitness.hpp"

namespace sengu::health {

namespace {

const RedisMemory* memory_of(const NodeView& node) {
  const auto& abilities = node.deciders.abilities;
  return abilities && abilities->memory ? &*abilities->memory : nullptr;
}

/// Redis answers MISCONF to every write after a save that failed. Of settings that are not told the server's defaults
/// count: save points, and stop-writes-on-bgsave-error yes.
std::string why_it_refuses_writes(const NodeView& node) {
  if (!node.info || !node.info->save_failed) return {};
  const auto& settings = node.deciders.redis;
  if (settings && (!settings->save_points || !settings->stop_writes_on_bgsave_error)) return {};
  return "its last save failed (rdb_last_bgsave_status), and with stop-writes-on-bgsave-error it refuses all writes: "
         "see its log";
}

/// Tried on Redis 7.0: a replica ignores its maxmemory, and once promoted deletes at once whatever is over it.
std::string why_it_lacks_room(const Knowledge& known, const NodeView& node) {
  if (!has_less_room(known, node)) return {};
  const RedisMemory& room = *memory_of(node);
  if (memory_of(known.node(*known.master))->used <= room.max) return {};
  return "its maxmemory is " + std::to_string(room.max) + ", and the master uses more: it would " +
         (room.evicts ? "delete keys" : "refuse writes");
}

}  // namespace

std::string why_it_could_not_serve(const Knowledge& known, const NodeView& node) {
  if (node.info && !node.info->hindrance.empty()) return node.info->hindrance;
  if (auto why = why_it_refuses_writes(node); !why.empty()) return why;
  if (auto why = why_it_lacks_room(known, node); !why.empty()) return why;
  if (node.told.refused_promotion) return "it refused a promotion: " + node.told.error;
  return {};
}

std::string why_it_cannot_be_promoted(const NodeView& node) {
  if (node.info && !node.info->unpromotable.empty()) return node.info->unpromotable;
  if (!node.deciders.abilities || node.deciders.abilities->replicaof_refused.empty()) return {};
  return "it refuses REPLICAOF (" + node.deciders.abilities->replicaof_refused +
         "), so that it cannot be demoted either: ACL SETUSER ... +replicaof, and no rename-command";
}

bool has_less_room(const Knowledge& known, const NodeView& node) {
  if (!known.master || &node == &known.node(*known.master)) return false;
  const RedisMemory* room = memory_of(node);
  const RedisMemory* master = memory_of(known.node(*known.master));
  return room && master && room->max > 0 && (master->max == 0 || room->max < master->max);
}

}  // namespace sengu::health
