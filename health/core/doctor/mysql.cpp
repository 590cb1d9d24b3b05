// What the doctor looks at in a group of MySQL or MariaDB servers (deploy/manual/mysql.md). Each server is spoken of in
// its own words: MariaDB, and MySQL before 8.0.26, have the old ones.
#include <algorithm>

#include "health/core/doctor/findings.hpp"
#include "health/model/version.hpp"

namespace sengu::health {

namespace {

using namespace std::chrono_literals;

struct Words {
  const char* net_timeout = "replica_net_timeout";
  const char* heartbeat_period = "SOURCE_HEARTBEAT_PERIOD";
  const char* log_updates = "log_replica_updates";
  const char* semi_sync_source = "rpl_semi_sync_source_enabled";
  const char* semi_sync_replica = "rpl_semi_sync_replica_enabled";
  const char* source_plugin = "semisync_source.so";
  const char* replica_plugin = "semisync_replica.so";
  const char* wait_point = "rpl_semi_sync_source_wait_point";
  const char* wait_for = "rpl_semi_sync_source_wait_for_replica_count";
  const char* replica = "REPLICA";
};

constexpr Words old_words{"slave_net_timeout",
                          "MASTER_HEARTBEAT_PERIOD",
                          "log_slave_updates",
                          "rpl_semi_sync_master_enabled",
                          "rpl_semi_sync_slave_enabled",
                          "semisync_master.so",
                          "semisync_slave.so",
                          "rpl_semi_sync_master_wait_point",
                          "rpl_semi_sync_master_wait_for_slave_count",
                          "SLAVE"};

const SqlInfo& sql_of(const NodeView& node) { return *node.info->sql; }
bool is_mariadb(const NodeView& node) { return sql_of(node).flavour == SqlInfo::Flavour::mariadb; }

Words words_of(const NodeView& node) {
  constexpr Version renamed{8, 0, 26};
  return is_mariadb(node) || version_of(node.info->version) < renamed ? old_words : Words{};
}

std::string set_global(const char* variable, const char* value) {
  return std::string("SET GLOBAL ") + variable + "=" + value;
}

bool is_seen_sql(const NodeView& node) { return is_seen(node) && node.info->sql.has_value(); }
bool is_replica(const NodeView& node) { return !node.info->master.host.empty(); }

void examine_accounts(const Knowledge& known, Findings& findings) {
  if (!known.settings->replication_username.empty()) return;
  findings.add(
      "no replication_username in the configuration: a returned master has no account to replicate with, and cannot be "
      "made a replica: "
      "set replication_username and replication_password_file");
}

void examine_flavours(const Knowledge& known, Findings& findings) {
  std::vector<std::string> mysql, mariadb;
  for (const NodeView& node : known.nodes) {
    if (is_seen_sql(node)) (is_mariadb(node) ? mariadb : mysql).push_back(node.settings->name);
  }
  if (mysql.empty() || mariadb.empty()) return;
  findings.add("error: MySQL (" + listed(mysql) + ") and MariaDB (" + listed(mariadb) +
               ") are in one group, whose GTIDs mean nothing to each other: make two groups of it");
}

/// Of MariaDB the server_id is the identity: two that have the same are one server to sengu, and no candidates.
void examine_server_ids(const Knowledge& known, Findings& findings) {
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const NodeView& one = known.nodes[j];
      const NodeView& other = known.nodes[i];
      if (!is_seen_sql(one) || !is_seen_sql(other) || is_mariadb(one) || is_mariadb(other)) continue;
      const auto id = sql_of(one).server_id;
      if (id == 0 || id != sql_of(other).server_id) continue;  // 0: not told
      findings.add(one.settings->name + " and " + other.settings->name + " have the same server_id (" +
                   std::to_string(id) +
                   "): once one of them is the master the other cannot replicate from it (13117): SET GLOBAL "
                   "server_id on one of them, also in its configuration");
    }
  }
}

void examine_logs(const NodeView& node, Findings& findings) {
  const SqlInfo& sql = sql_of(node);
  const std::string effect = ": it is never promoted: ";
  if (!sql.binlog) findings.add(node, "log_bin is off" + effect + "set log_bin in its configuration and restart it");
  if (sql.binlog && !sql.logs_updates) {
    const std::string variable = words_of(node).log_updates;
    findings.add(node, variable + " is off" + effect + "set " + variable + "=ON in its configuration and restart it");
  }
  if (sql.gtids) return;
  if (is_mariadb(node))
    return findings.add(node, "gtid_strict_mode is off" + effect + set_global("gtid_strict_mode", "ON") +
                                  ", also in its configuration");
  findings.add(node, "gtid_mode or enforce_gtid_consistency is off" + effect + "set both to ON");
}

void examine_filter(const NodeView& node, Findings& findings) {
  const std::string& filter = sql_of(node).filter;
  if (filter.empty() || node.settings->accepts_filter) return;
  findings.add(node, "leaves out what the master writes (" + filter +
                         "), and is promoted only with --accept-loss: take the filter away, or say accepts_filter = "
                         "true where it is meant");
}

void examine_positions(const NodeView& node, Findings& findings) {
  if (!sql_of(node).by_position) return;
  findings.add(node,
               "replicates by file and position, not by GTIDs: it compares only with others of the same source, and a "
               "failover may have to wait for its applier: STOP SLAVE; CHANGE MASTER TO MASTER_USE_GTID=slave_pos; "
               "START SLAVE, while its source lives");
}

void examine_version(const NodeView& node, Findings& findings) {
  constexpr Version demotes{10, 10, 0};
  if (!is_mariadb(node) || version_of(node.info->version) >= demotes) return;
  findings.add(node,
               "MariaDB " + node.info->version +
                   " has no MASTER_DEMOTE_TO_SLAVE (10.10 has it): a returned master is made a replica by setting "
                   "gtid_slave_pos, which is not tried: update it");
}

void examine_channels(const NodeView& node, Findings& findings) {
  const int more = sql_of(node).other_channels;
  if (more == 0) return;
  findings.add(node, "replicates over " + std::to_string(more) + " more channel" + (more == 1 ? "" : "s") +
                         " than the default one, which sengu does not look at: RESET " + words_of(node).replica +
                         " ALL on " + (more == 1 ? "it" : "them"));
}

void examine_writable(const NodeView& node, Findings& findings) {
  if (!node.info->read_only) {
    const char* variable = is_mariadb(node) ? "read_only" : "super_read_only";
    findings.add(node, std::string("is a replica that takes writes: ") + set_global(variable, "ON") +
                           ", also in its configuration");
  } else if (!sql_of(node).super_read_only) {
    findings.add(
        node,
        "is a replica that takes writes of privileged users: SET GLOBAL super_read_only=ON, also in its configuration");
  }
}

std::string seconds_text(Duration duration) {
  const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count() / 100;
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) + " s";
}

/// When its IO thread, or its heartbeats, tell that a frozen master is silent.
Duration notices_after(const SqlInfo& sql) {
  const Duration by_timeout = sql.net_timeout;
  return sql.heartbeat_period ? std::min<Duration>(by_timeout, 2 * *sql.heartbeat_period) : by_timeout;
}

std::string how_to_notice_sooner(const NodeView& node) {
  const SqlInfo& sql = sql_of(node);
  const Words words = words_of(node);
  std::string cure = sql.net_timeout > 2s ? set_global(words.net_timeout, "2") + " and " : "";
  const bool may_not_ask = !sql.heartbeat_period && !is_mariadb(node);
  if (may_not_ask)
    return cure +
           "GRANT SELECT ON performance_schema.replication_connection_status, and on "
           "replication_connection_configuration, to sengu's user";
  return cure + words.heartbeat_period + "=0.5";
}

void examine_witness(const Knowledge& known, const NodeView& node, Findings& findings) {
  const SqlInfo& sql = sql_of(node);
  const Duration down_after = known.settings->health.down_after;
  if (notices_after(sql) <= down_after) return;
  const auto heartbeats = sql.heartbeat_period ? "its heartbeats come each " + seconds_text(*sql.heartbeat_period)
                                               : "its heartbeats are not known";
  findings.add(node, std::string(words_of(node).net_timeout) + " is " + seconds_text(sql.net_timeout) + " and " +
                         heartbeats + ": a witness that notices a silent master only after " +
                         seconds_text(notices_after(sql)) + " (down_after is " + seconds_text(down_after) +
                         ") delays a failover: " + how_to_notice_sooner(node));
}

void examine_threads(const NodeView& node, Findings& findings) {
  const SqlInfo& sql = sql_of(node);
  const std::string replica = words_of(node).replica;
  if (!sql.receive_error.empty()) {
    findings.add(node, "cannot receive from its source: " + sql.receive_error);
  } else if (!sql.receiving && !node.replica.stopped_by_us) {
    findings.add(node, "its IO thread is stopped, it receives nothing: START " + replica + " IO_THREAD");
  }
  if (!sql.apply_error.empty()) {
    findings.add(node, "its SQL thread stopped with an error, and it is not promoted: " + sql.apply_error);
  } else if (!sql.applying) {
    // MariaDB throws its relay log away when the SQL thread is started again (tried on 10.11); while the master lives
    // it fetches it anew.
    findings.add(node, "its SQL thread is stopped, and it is not promoted: START " + replica + " SQL_THREAD" +
                           (is_mariadb(node) ? ", while its source lives" : ""));
  }
}

/// An hour of acknowledged transactions would be applied in a failover, or waited for; readers see the hour before.
void examine_delay(const Knowledge& known, const NodeView& node, Findings& findings) {
  if (!is_delayed(*node.info)) return;
  const SqlInfo& sql = sql_of(node);
  const Words words = words_of(node);
  const std::string delay = std::to_string(sql.delay.count()) + " s";
  if (sql.semi_sync_replica == SemiSync::on) {
    findings.add(node, "is delayed by " + delay +
                           ", and acknowledges what it receives: a transaction that it alone has is applied that late, "
                           "or its delay ends with a failover: " +
                           set_global(words.semi_sync_replica, "OFF") + ", then STOP and START " + words.replica +
                           " IO_THREAD");
  }
  if (known.settings->read_listen) {
    findings.add(node, "is delayed by " + delay +
                           ", and takes readers of read_listen: take it out of the group, or read from the master");
  }
}

void examine_errant(const NodeView& node, Findings& findings) {
  if (node.replica.errant.empty()) return;
  const auto count = node.replica.errant.count();
  findings.add(node, "has " + std::to_string(count) + (count == 1 ? " transaction" : " transactions") +
                         " that the master has not: " + node.replica.errant.text() +
                         "; see MySQL and MariaDB, \"An errant node\", in the manual");
}

std::string how_to_switch_on(SemiSync side, const char* variable, const char* plugin) {
  if (side == SemiSync::absent)
    return std::string("load it (plugin-load-add=") + plugin + ") and set " + variable + "=ON in its configuration";
  return set_global(variable, "ON");
}

void examine_semi_sync_master(const NodeView& master, Findings& findings) {
  const SqlInfo& sql = sql_of(master);
  const Words words = words_of(master);
  if (sql.semi_sync_source != SemiSync::on) {
    findings.add(
        master,
        "acknowledges writes that no replica has, though the replicas are set up for semi-synchronous replication: " +
            how_to_switch_on(sql.semi_sync_source, words.semi_sync_source, words.source_plugin));
  } else if (sql.semi_sync_clients == 0) {
    const std::string waiting =
        sql.semi_sync_waiting == 0 ? "" : " (" + std::to_string(sql.semi_sync_waiting) + " sessions do now)";
    findings.add(
        master, "no replica acknowledges to it, and each commit waits for the timeout of semi-synchronous replication" +
                    waiting + ": " + set_global(words.semi_sync_replica, "ON") + " on a replica, then STOP and START " +
                    words.replica + " IO_THREAD");
  }
}

/// Both sides of semi-synchronous replication: a replica that acknowledges now waits for acknowledgements after a
/// failover.
void examine_semi_sync_side(const Knowledge& known, const NodeView& node, Findings& findings) {
  const SqlInfo& sql = sql_of(node);
  const Words words = words_of(node);
  const bool is_master = is_the_master(known, node);
  if (sql.semi_sync_replica != SemiSync::on && !is_delayed(*node.info)) {
    findings.add(node, "does not acknowledge what it receives" + std::string(is_master ? " once it is a replica" : "") +
                           ", as others of the group do: " +
                           how_to_switch_on(sql.semi_sync_replica, words.semi_sync_replica, words.replica_plugin) +
                           (is_master ? "" : std::string(", then STOP and START ") + words.replica + " IO_THREAD"));
  }
  if (sql.semi_sync_source == SemiSync::absent && !is_master) {
    findings.add(node, std::string("has not the plugin of the source's side (") + words.source_plugin +
                           "): once promoted it acknowledges writes that no replica has (+semi-sync-off): load it "
                           "(plugin-load-add in its configuration)");
  }
  const int left = std::max(1, static_cast<int>(known.nodes.size()) - 2);  // without the old master and the new one
  if (sql.semi_sync_wait_for > left) {
    findings.add(node, std::string(words.wait_for) + " is " + std::to_string(sql.semi_sync_wait_for) +
                           ", and after a failover a master of this group has " + std::to_string(left) +
                           (left == 1 ? " replica" : " replicas") +
                           ": commits would wait until the old master is back: " +
                           set_global(words.wait_for, std::to_string(left).c_str()) + ", also in its configuration");
  }
  if (sql.semi_sync_kill_timeout && *sql.semi_sync_kill_timeout != 1s) {  // 0 waits longest (measured: 24 s)
    findings.add(node, "rpl_semi_sync_slave_kill_conn_timeout is " +
                           std::to_string(sql.semi_sync_kill_timeout->count()) +
                           ": its IO thread stops late under a frozen master, and a failover waits for it: " +
                           set_global("rpl_semi_sync_slave_kill_conn_timeout", "1") + ", also in its configuration");
  }
  if (!sql.semi_sync_after_sync) {
    findings.add(node, std::string(words.wait_point) +
                           " is not AFTER_SYNC: others read rows that a failover may lose: " +
                           set_global(words.wait_point, "AFTER_SYNC") + ", also in its configuration");
  }
}

/// In one sentence for the group: a privilege that only findings need.
void examine_lock_privileges(const Knowledge& known, Findings& findings) {
  std::vector<std::string> blind;
  for (const NodeView& node : known.nodes) {
    if (is_seen_sql(node) && !is_mariadb(node) && !sql_of(node).locks_are_told) blind.push_back(node.settings->name);
  }
  if (blind.empty()) return;
  findings.add("a backup's lock cannot be seen on " + listed(blind) +
               ", and such a node may be promoted though another is free: GRANT SELECT ON "
               "performance_schema.metadata_locks to sengu's user");
}

void examine_semi_sync(const Knowledge& known, Findings& findings) {
  bool replicas_acknowledge = false, in_use = false;
  for (const NodeView& node : known.nodes) {
    if (!is_seen_sql(node)) continue;
    const SqlInfo& sql = sql_of(node);
    replicas_acknowledge |= is_replica(node) && sql.semi_sync_replica == SemiSync::on;
    in_use |= sql.semi_sync_replica == SemiSync::on || sql.semi_sync_source == SemiSync::on;
    if (is_replica(node) && sql.semi_sync_source == SemiSync::on) {
      findings.add(node,
                   "is a replica with the master's side of semi-synchronous replication on: its applier waits for an "
                   "acknowledgement that nobody "
                   "sends, and a failover for its applier: " +
                       set_global(words_of(node).semi_sync_source, "OFF"));
    }
  }
  if (!in_use) return;
  for (const NodeView& node : known.nodes) {
    if (is_seen_sql(node)) examine_semi_sync_side(known, node, findings);
  }
  if (!known.master || !is_seen_sql(known.node(*known.master))) return;
  const NodeView& master = known.node(*known.master);
  if (master.says(Role::master) && (replicas_acknowledge || sql_of(master).semi_sync_source == SemiSync::on)) {
    examine_semi_sync_master(master, findings);
  }
}

}  // namespace

void examine_mysql(const Knowledge& known, Findings& findings) {
  examine_accounts(known, findings);
  examine_flavours(known, findings);
  examine_server_ids(known, findings);
  for (const NodeView& node : known.nodes) {
    if (!is_seen_sql(node)) continue;
    examine_version(node, findings);
    examine_logs(node, findings);
    examine_filter(node, findings);
    examine_channels(node, findings);
    examine_errant(node, findings);
    if (!is_replica(node)) continue;
    examine_positions(node, findings);
    examine_writable(node, findings);
    examine_threads(node, findings);
    examine_delay(known, node, findings);
    examine_witness(known, node, findings);
  }
  examine_semi_sync(known, findings);
  examine_lock_privileges(known, findings);
  examine_schedule(known, findings);
}

}  // namespace sengu::health
