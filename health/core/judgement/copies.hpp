// How good a copy of the group's data each node holds: how old, how full, and whether it is one at all (RULES §5, §6).
// MySQL and MariaDB tell by their transactions; of Redis, whose replication ids do not outlive every restart, the
// numbers of keys tell the rest. Pure.
#pragma once

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

/// When a replica heard its master last, against the time at which the master was lost.
enum class Hearing : std::uint8_t {
  recent,
  deaf,    // it had lost the master `deaf_factor` times down_after before, whether or not it syncs now
  untold,  // Redis: the server does not say (it restarted, or was pointed elsewhere), and this run never saw it hear
};
Hearing hearing_of(const Knowledge& knowledge, const NodeView& node, Time master_lost_at);

/// The server at the master's address answers, and has the data that it had: there is no need to make do with less.
bool master_lives_with_data(const Knowledge& knowledge);

/// A new server under the master's name without (most of) its data (RULES §6.1).
bool is_emptied(const Knowledge& knowledge, const ServerInfo& returned);
/// Redis: what `returned` lacks of the keys that the master had may all have expired while it was away. Never where
/// nothing is left: an emptied server would wipe the others.
bool expiry_explains(const NodeView& returned);
/// Redis: how many bytes of the group's history a replica holds beyond the point from which the restarted master goes
/// on. 0 where the master does not tell that point.
std::int64_t lacks_writes(const Knowledge& knowledge, const NodeView& returned);

/// Redis: a server with data of its own that shares no history with the group, and was not seen before as one of the
/// group with about as many keys. It is not told to follow unasked: that would wipe it.
bool is_stranger(const Knowledge& knowledge, const NodeView& node);

/// Redis: the master, which the node would follow, has less than half of its keys, and is no place for them: it lost
/// its own, or is of another history.
bool would_be_wiped(const Knowledge& knowledge, const NodeView& node);

/// Redis: the node lost most of its keys while its offset stood still (a load that began, a hand that wrote), or has
/// fewer than half of those of a node that has received no less.
bool lost_its_keys(const Knowledge& knowledge, NodeId id);
/// Redis: `other`, asked later, has received no less than the node had when it was last looked at, and has more than
/// twice the keys that the node had then: those were gone already. (Of two answers that come at about the same time the
/// later one nearly always has received more.)
bool had_lost_its_keys(const Knowledge& knowledge, const NodeView& node, const ServerInfo& other);
/// A node that holds more than twice as many keys as this one is alive, or may return (until `returns_by`).
bool fuller_copy_may_come(const Knowledge& knowledge, NodeId id, Time now, Time returns_by);

}  // namespace sengu::health
