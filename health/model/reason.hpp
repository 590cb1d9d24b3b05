// Why a decision was taken, or not taken. One enum feeds log, status, metrics, API and tests: rewording a text breaks
// nothing, and every name here stands in deploy/manual/reference.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sengu::health {

enum class Reason : std::uint8_t {
  none,
  // how a group is
  starting,  // not every node was observed yet
  master_ok,
  connection_lost,  // the kept probe connection to the master ended; asking again
  master_silent,    // no byte for a probe timeout, not yet for down_after
  master_loading,
  master_busy,
  semi_sync_off,    // MySQL: semi-sync is being switched on on the master
  master_unusable,  // it answers, but with an error (NOAUTH, NOPERM, MASTERDOWN, ...)
  // why a master counts as dead
  process_death,        // refused twice, witnesses agree
  server_changed,       // another run id under the same address
  master_emptied,       // a new run id, and the data is gone (amnesia)
  master_lacks_writes,  // a new run id, and a replica holds writes that it lacks
  stranger,             // a server with data of its own, which was never seen as one of the group
  silence,              // down_after without a byte, witnesses agree
  loading_timeout,
  operator_request,
  resumed,  // a failover that an earlier run of sengu began
  // why nothing is done
  witness_hears_master,  // replicas hear it: our path is broken, not the master
  witnesses_undecided,
  no_witness,
  all_nodes_silent,  // our own network
  no_good_replica,
  paused,
  manual_mode,
  observe_mode,
  tilt,
  cooldown,
  journal_unwritable,
  two_deciders,  // another sengu or a Sentinel is connected to a node
  failover_in_progress,
  // why a node cannot be chosen
  node_down,
  node_unconfirmed,  // fewer good probes than `rise`
  is_master,
  priority_zero,
  deaf_long_before,  // lost the master long before it died
  loading,
  busy,
  different_history,
  lag_limit,
  full_sync_in_progress,
  copy_emptied,        // it lost its keys while its offset stood still
  duplicate_server,    // two nodes with one server id
  applier_stopped,     // MySQL: the SQL thread does not run
  applier_error,       // ... or stopped with an error
  no_binlog,           // MySQL: log_bin, log_replica_updates or GTIDs are off
  errant,              // MySQL: transactions of its own, and it does not follow the master
  replication_filter,  // MySQL: it leaves out what the master writes
  replicas_diverged,   // MySQL: each of two candidates holds what the other lacks
  cannot_be_promoted,  // it would refuse what it is told (cluster-enabled, a forbidden REPLICAOF)
  could_not_serve,     // eligible, but as a master it could not serve (a lock, offline_mode, a failed save)
  delayed,             // MySQL: eligible, but it applies what it receives late (SOURCE_DELAY), as it is told to
  outranked,           // eligible, another is better
  // why a route is closed or an adoption refused
  group_unseen,  // part of the group was never observed
  two_masters,
  no_master,
  replica_of_stranger,  // a replica follows a server that is not the candidate master
  foreign_history,      // its history does not contain the journal's
  master_is_replica,    // the journal's master says replica
  read_only_by_hand,    // MySQL: ... since a person set read_only on it; kept until it is taken back
  own_fence,            // MySQL: ... since a failover that came to nothing fenced it; being undone
  rogue_master,
  hold_timeout,
  hold_full,
  stopping,
  too_many_connections,
  not_allowed,
  connect_failed,
  switched,      // sessions cut because the master changed
  node_changed,  // a reader's node changed role or server
  idle_timeout,  // a session in which no byte came for too long
  no_ack,        // a worker did not acknowledge the cut
  step_failed,
  still_behind,        // the candidate did not catch up with the fenced master in time
  relay_log_stuck,     // MySQL: the candidate's relay log is not applied any further
  master_alive_again,  // the old master answered before the promote: rolled back
  adopted,
  amnesia_wait_over,
  rejoin_refused,  // by the operator's order; the text says why
  count,           // how many there are; no reason
};
constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::count);

/// The snake_case name, as in metrics and JSON.
std::string_view to_string(Reason reason);
/// A sentence fragment for people.
std::string_view describe(Reason reason);

}  // namespace sengu::health
