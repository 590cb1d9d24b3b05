// What is judged while the candidates are asked once more behind the cut: does what they received stand still, is it applied, does
// the old master live? Pure.
#pragma once

#include "health/core/judgement/candidate.hpp"
#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

/// The very server that the journal knows answers.
bool old_master_lives(const Knowledge& knowledge);

/// MySQL: what replicas have received stands still only once they stopped receiving. Under a living master that the operator
/// replaces, its fence does that, and they are yet to catch up.
bool must_stop_receiving(const Knowledge& knowledge, Reason cause);
bool still_receives(const NodeView& node);

/// A replica whose old link still says "up" may hold bytes it has not read: its offset does not stand still yet. (An ordered
/// failover, in the middle of which the master restarted, was found by the simulator.)
bool offsets_stand_still(const Knowledge& knowledge, Reason cause);

/// After silence, a replica whose link came up again speaks for the old master. Not one of MySQL: its link is stopped, or may
/// say "Yes" for a minute.
bool a_replica_hears_it(const Knowledge& knowledge);

/// The old master lives and its offset stands still behind the fence: may the candidate still catch up? What was asked before
/// `since` does not count.
bool still_catching_up(const Knowledge& knowledge, NodeId candidate, Time since);

/// Another node that might be chosen has received more.
bool is_behind_another(const Knowledge& knowledge, NodeId candidate, Choice choice);

/// MySQL: nothing of what it received is left to apply.
bool all_applied(const ServerInfo& info);

}  // namespace sengu::health
