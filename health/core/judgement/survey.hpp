// What a failover judges while it asks the candidates once more behind the cut: do they still receive, can
// they be compared, does the old master live? Pure.
#pragma once

#include "health/core/judgement/candidate.hpp"
#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

/// The old master answers, and is the process that the journal names.
bool old_master_lives(const Knowledge& knowledge);

/// MySQL: replicas must stop receiving before what they received can be compared. Under a living master that the
/// operator replaces the fence ends the writes instead, and the replicas are yet to catch up.
bool must_stop_receiving(const Knowledge& knowledge, Reason cause);
bool still_receives(const NodeView& node);

/// A replica whose link to the old master still says "up" may have bytes in its socket that it has not read: its offset
/// may still grow. (The simulator found an ordered failover during which the master restarted.)
bool offsets_stand_still(const Knowledge& knowledge, Reason cause);

/// After silence, a replica whose link came up again proves that the old master lives. Not on MySQL, where the link is
/// stopped, or may say "Yes" for a minute.
bool a_replica_hears_it(const Knowledge& knowledge);

/// The old master lives and its offset stands still behind the fence: may the candidate still catch up? An answer to a
/// question from before `since` does not count.
bool still_catching_up(const Knowledge& knowledge, NodeId candidate, Time since);

/// Another node that might be chosen has received more.
bool is_behind_another(const Knowledge& knowledge, NodeId candidate, Choice choice);

/// Who has received most of the nodes that might be chosen is not known before they have applied more
/// (Selection::comparable).
bool is_to_be_compared(const Knowledge& knowledge, Choice choice);

}  // namespace sengu::health
