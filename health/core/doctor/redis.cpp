// What the doctor looks at in a group of Redis servers.
#include <algorithm>

#include "health/core/doctor/findings.hpp"
#include "health/core/judgement/copies.hpp"
#include "health/core/judgement/fitness.hpp"

namespace sengu::health {

namespace {

bool is_told(const NodeView& node) { return is_seen(node) && node.deciders.redis.has_value(); }

/// A master needs no password for another master until it is demoted. A replica without the password already has its
/// link down.
void examine_passwords(const Knowledge& known, Findings& findings) {
  for (const NodeView& node : known.nodes) {
    if (!is_told(node) || node.deciders.redis->has_master_password) continue;
    const bool others_have_one = std::any_of(known.nodes.begin(), known.nodes.end(), [&](const NodeView& other) {
      return &other != &node && is_told(other) &&
             (other.deciders.redis->requires_password || other.deciders.redis->has_master_password);
    });
    if (others_have_one) {
      findings.add(node,
                   "has no masterauth, and could not replicate from a master that asks for a password: CONFIG SET "
                   "masterauth, CONFIG REWRITE");
    }
  }
}

/// With amnesia_guard one of the replicas replaces an emptied master; without it the group may serve an empty one.
void examine_persistence(const Knowledge& known, Findings& findings) {
  if (known.settings->failover.amnesia_wait.count() > 0) return;
  for (const NodeView& node : known.nodes) {
    if (!is_told(node) || node.deciders.redis->persists) continue;
    findings.add(node,
                 "keeps nothing on disk (save \"\" and appendonly no), and with amnesia_wait = \"0s\" it is routed at "
                 "once when it returns "
                 "empty and no replica answers: give amnesia_wait some seconds, or CONFIG SET appendonly yes");
  }
}

/// After a failover the old master and the new one count no more: two fewer than the group has nodes.
void examine_min_replicas(const Knowledge& known, Findings& findings) {
  const int left = std::max(0, static_cast<int>(known.nodes.size()) - 2);
  for (const NodeView& node : known.nodes) {
    if (!is_told(node) || known.nodes.size() < 2 || node.deciders.redis->min_replicas_to_write <= left) continue;
    findings.add(node, "min-replicas-to-write is " + std::to_string(node.deciders.redis->min_replicas_to_write) +
                           ", and after a failover a master of this group has " + std::to_string(left) +
                           (left == 1 ? " replica" : " replicas") +
                           ": it would refuse all writes until the old master is back: "
                           "CONFIG SET min-replicas-to-write " +
                           std::to_string(left));
  }
}

void examine_writable(const Knowledge& known, Findings& findings) {
  for (const NodeView& node : known.nodes) {
    if (!is_seen(node) || !node.says(Role::replica) || node.info->read_only) continue;
    findings.add(node,
                 "is a replica that takes writes, which its next full sync throws away; it gets no readers: CONFIG SET "
                 "replica-read-only yes");
  }
}

/// Sengu cuts its own clients; CLIENT KILL is for those that bypass it, and for replicas that are to prove their link.
void examine_rights(const Knowledge& known, Findings& findings) {
  for (const NodeView& node : known.nodes) {
    if (!is_seen(node) || !node.deciders.abilities || node.deciders.abilities->kill_refused.empty()) continue;
    findings.add(node,
                 "refuses CLIENT KILL (" + node.deciders.abilities->kill_refused +
                     "): when it is demoted, clients that bypass sengu stay connected, and under silence it is no "
                     "witness: ACL SETUSER ... +client|kill, and no rename-command");
  }
}

/// Where the data is too large for it already, that is told as what keeps it from serving.
void examine_room(const Knowledge& known, Findings& findings) {
  for (const NodeView& node : known.nodes) {
    if (!is_seen(node) || !has_less_room(known, node)) continue;
    const RedisMemory& room = *node.deciders.abilities->memory;
    const RedisMemory& master = *known.node(*known.master).deciders.abilities->memory;
    if (master.used > room.max) continue;
    findings.add(node, "maxmemory is " + std::to_string(room.max) + ", and the master " +
                           (master.max == 0 ? "has none" : "may use " + std::to_string(master.max)) +
                           ": once the data is larger, as master it would " +
                           (room.evicts ? "delete keys" : "refuse writes") + ": CONFIG SET maxmemory " +
                           std::to_string(master.max));
  }
}

std::string keys_text(std::uint64_t keys) { return std::to_string(keys) + (keys == 1 ? " key" : " keys"); }

/// Data that following the master would wipe, and that only the operator may give up.
void examine_strangers(const Knowledge& known, Findings& findings) {
  if (!known.master) return;
  const std::string& group = known.settings->name;
  for (const NodeView& node : known.nodes) {
    if (!is_seen(node) || node.says(Role::unknown)) continue;
    const bool is_master = is_the_master(known, node);
    const std::string keys = "holds " + keys_text(node.info->keys);
    const std::string cure = ": sengu rejoin " + group + " " + node.settings->name + " --wipe gives them up";
    if (is_stranger(known, node)) {
      findings.add(node, keys + ", and was never seen as one of the group; another application's server? It is " +
                             (is_master ? "not routed" : "left alone" + cure));
    } else if (!is_master && known.node(*known.master).info && would_be_wiped(known, node)) {
      findings.add(node, keys + ", more than twice as many as the master, and is left alone" + cure);
    }
  }
}

void examine_copies(const Knowledge& known, Findings& findings) {
  for (const NodeView& node : known.nodes) {
    if (!is_seen(node) || !node.copy.emptied || !node.copy.held) continue;
    const bool is_master = is_the_master(known, node);
    findings.add(node, "holds " + keys_text(node.info->keys) + " of the " + std::to_string(node.copy.held->keys) +
                           " that it held" +
                           (is_master ? std::string(": the data is gone, restore it")
                                      : std::string(": it is promoted only where no fuller copy can be had; REPLICAOF "
                                                    "NO ONE and REPLICAOF its master make it load all of them anew")));
  }
}

}  // namespace

void examine_redis(const Knowledge& known, Findings& findings) {
  examine_passwords(known, findings);
  examine_persistence(known, findings);
  examine_min_replicas(known, findings);
  examine_writable(known, findings);
  examine_rights(known, findings);
  examine_room(known, findings);
  examine_strangers(known, findings);
  examine_copies(known, findings);
}

}  // namespace sengu::health
