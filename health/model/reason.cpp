// The names and the words of every Reason.
#include "health/model/reason.hpp"

namespace sengu::health {

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::none: return "none";
    case Reason::starting: return "starting";
    case Reason::master_ok: return "master_ok";
    case Reason::connection_lost: return "connection_lost";
    case Reason::master_silent: return "master_silent";
    case Reason::master_loading: return "master_loading";
    case Reason::master_busy: return "master_busy";
    case Reason::semi_sync_off: return "semi_sync_off";
    case Reason::master_unusable: return "master_unusable";
    case Reason::process_death: return "process_death";
    case Reason::server_changed: return "server_changed";
    case Reason::master_emptied: return "master_emptied";
    case Reason::master_lacks_writes: return "master_lacks_writes";
    case Reason::stranger: return "stranger";
    case Reason::silence: return "silence";
    case Reason::loading_timeout: return "loading_timeout";
    case Reason::operator_request: return "operator_request";
    case Reason::resumed: return "resumed";
    case Reason::witness_hears_master: return "witness_hears_master";
    case Reason::witnesses_undecided: return "witnesses_undecided";
    case Reason::no_witness: return "no_witness";
    case Reason::all_nodes_silent: return "all_nodes_silent";
    case Reason::no_good_replica: return "no_good_replica";
    case Reason::paused: return "paused";
    case Reason::manual_mode: return "manual_mode";
    case Reason::observe_mode: return "observe_mode";
    case Reason::tilt: return "tilt";
    case Reason::cooldown: return "cooldown";
    case Reason::journal_unwritable: return "journal_unwritable";
    case Reason::two_deciders: return "two_deciders";
    case Reason::failover_in_progress: return "failover_in_progress";
    case Reason::node_down: return "node_down";
    case Reason::node_unconfirmed: return "node_unconfirmed";
    case Reason::is_master: return "is_master";
    case Reason::priority_zero: return "priority_zero";
    case Reason::deaf_long_before: return "deaf_long_before";
    case Reason::loading: return "loading";
    case Reason::busy: return "busy";
    case Reason::different_history: return "different_history";
    case Reason::lag_limit: return "lag_limit";
    case Reason::full_sync_in_progress: return "full_sync_in_progress";
    case Reason::copy_emptied: return "copy_emptied";
    case Reason::duplicate_server: return "duplicate_server";
    case Reason::applier_stopped: return "applier_stopped";
    case Reason::applier_error: return "applier_error";
    case Reason::no_binlog: return "no_binlog";
    case Reason::errant: return "errant";
    case Reason::replication_filter: return "replication_filter";
    case Reason::replicas_diverged: return "replicas_diverged";
    case Reason::outranked: return "outranked";
    case Reason::group_unseen: return "group_unseen";
    case Reason::two_masters: return "two_masters";
    case Reason::no_master: return "no_master";
    case Reason::replica_of_stranger: return "replica_of_stranger";
    case Reason::foreign_history: return "foreign_history";
    case Reason::master_is_replica: return "master_is_replica";
    case Reason::rogue_master: return "rogue_master";
    case Reason::hold_timeout: return "hold_timeout";
    case Reason::hold_full: return "hold_full";
    case Reason::stopping: return "stopping";
    case Reason::too_many_connections: return "too_many_connections";
    case Reason::not_allowed: return "not_allowed";
    case Reason::connect_failed: return "connect_failed";
    case Reason::switched: return "switched";
    case Reason::node_changed: return "node_changed";
    case Reason::idle_timeout: return "idle_timeout";
    case Reason::no_ack: return "no_ack";
    case Reason::step_failed: return "step_failed";
    case Reason::still_behind: return "still_behind";
    case Reason::relay_log_stuck: return "relay_log_stuck";
    case Reason::master_alive_again: return "master_alive_again";
    case Reason::adopted: return "adopted";
    case Reason::amnesia_wait_over: return "amnesia_wait_over";
    case Reason::rejoin_refused: return "rejoin_refused";
    case Reason::count: break;
  }
  return "?";
}

std::string_view describe(Reason reason) {
  switch (reason) {
    case Reason::none: return "no decision yet";
    case Reason::starting: return "not every node has answered yet";
    case Reason::master_ok: return "the master answers";
    case Reason::connection_lost: return "the connection to the master ended; asking again";
    case Reason::master_silent: return "the master does not answer";
    case Reason::master_loading: return "the master is loading its data";
    case Reason::master_busy: return "the master runs a script";
    case Reason::semi_sync_off: return "semi-synchronous replication is being switched on";
    case Reason::master_unusable: return "the master answers with an error";
    case Reason::process_death: return "the master process is gone";
    case Reason::server_changed: return "another server answers under the master's address";
    case Reason::master_emptied: return "the master came back without its data";
    case Reason::master_lacks_writes: return "the master came back without writes that a replica holds";
    case Reason::stranger: return "a server with data of its own answers under its address";
    case Reason::silence: return "the master was silent for down_after";
    case Reason::loading_timeout: return "the master was loading for too long";
    case Reason::operator_request: return "the operator asked for it";
    case Reason::resumed: return "an earlier run of sengu began it";
    case Reason::witness_hears_master: return "replicas hear the master; only our path to it is broken";
    case Reason::witnesses_undecided: return "waiting for the replicas' word";
    case Reason::no_witness: return "no replica that heard the master can be asked";
    case Reason::all_nodes_silent: return "no node answers: our own network?";
    case Reason::no_good_replica: return "no replica may be promoted";
    case Reason::paused: return "the group is paused";
    case Reason::manual_mode: return "the mode is manual";
    case Reason::observe_mode: return "the mode is observe";
    case Reason::tilt: return "sengu itself was stalled";
    case Reason::cooldown: return "the last failover was too short ago";
    case Reason::journal_unwritable: return "the journal cannot be written, or was damaged";
    case Reason::two_deciders: return "another decider (a sengu or a Sentinel) watches the group";
    case Reason::failover_in_progress: return "a failover is running";
    case Reason::node_down: return "down";
    case Reason::node_unconfirmed: return "fewer good probes than rise";
    case Reason::is_master: return "it is the master";
    case Reason::priority_zero: return "priority 0";
    case Reason::deaf_long_before: return "it had lost the master long before";
    case Reason::loading: return "loading its data";
    case Reason::busy: return "runs a script";
    case Reason::different_history: return "its data is of another history";
    case Reason::lag_limit: return "further behind than max_lag_bytes";
    case Reason::full_sync_in_progress: return "in the middle of a full sync";
    case Reason::copy_emptied: return "its data is gone, and another copy may still be had";
    case Reason::duplicate_server: return "two nodes are one server";
    case Reason::applier_stopped: return "its SQL thread does not run";
    case Reason::applier_error: return "its SQL thread has an error";
    case Reason::no_binlog: return "log_bin, log_replica_updates or GTIDs are off";
    case Reason::errant: return "it has transactions of its own and does not follow the master";
    case Reason::replication_filter: return "a filter leaves out what the master writes";
    case Reason::replicas_diverged: return "each of two replicas holds transactions that the other lacks";
    case Reason::outranked: return "another is better";
    case Reason::group_unseen: return "part of the group was never seen";
    case Reason::two_masters: return "more than one node says master";
    case Reason::no_master: return "no node says master";
    case Reason::replica_of_stranger: return "a replica follows something that is not the master";
    case Reason::foreign_history: return "its history does not contain the journal's";
    case Reason::master_is_replica: return "the recorded master says replica";
    case Reason::rogue_master: return "it says master and is not ours";
    case Reason::hold_timeout: return "no master within hold_timeout";
    case Reason::hold_full: return "too many clients are waiting";
    case Reason::stopping: return "sengu is stopping";
    case Reason::too_many_connections: return "too many connections";
    case Reason::not_allowed: return "this address is not allowed";
    case Reason::connect_failed: return "the server could not be reached";
    case Reason::switched: return "the master has changed";
    case Reason::node_changed: return "the server changed its role";
    case Reason::idle_timeout: return "no byte came for idle_timeout";
    case Reason::no_ack: return "a worker did not acknowledge the cut";
    case Reason::step_failed: return "a step failed";
    case Reason::still_behind: return "the candidate is behind; its loss was not accepted (--accept-loss)";
    case Reason::relay_log_stuck: return "the candidate's relay log is not applied any further";
    case Reason::master_alive_again: return "the old master answered again";
    case Reason::adopted: return "adopted as found";
    case Reason::amnesia_wait_over: return "no replica came back within amnesia_wait";
    case Reason::rejoin_refused: return "it cannot follow the master now";
    case Reason::count: break;
  }
  return "?";
}

}  // namespace sengu::health
