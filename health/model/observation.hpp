// What one probe saw. Plain values: no socket, no parsing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/base/types.hpp"
#include "health/model/gtid_set.hpp"
#include "health/model/log_position.hpp"
#include "health/model/time.hpp"

namespace sengu::health {

/// A node of a group, by its place in the group's configuration. Never given to another node as long as the group
/// lives: arrays of nodes only grow.
enum class NodeId : std::uint16_t {};
constexpr std::size_t index(NodeId node) { return static_cast<std::size_t>(node); }

using Epoch = std::uint64_t;  // 0 = none yet; grows by one with each change of master, never reused

enum class Role : std::uint8_t { unknown, master, replica };

/// How a probe ended, by layer as HAProxy names it. Every outcome from `ok` down to `invalid` means that the server
/// lives: bytes came, or the server itself ended a TLS handshake (RULES §2.1).
enum class Outcome : std::uint8_t {
  ok,
  loading,     // INFO says loading:1, or -LOADING
  busy,        // -BUSY: a script runs
  masterdown,  // -MASTERDOWN
  noauth,      // -NOAUTH, -WRONGPASS
  noperm,      // -NOPERM
  error,       // any other error reply (max clients, MISCONF, ...)
  invalid,     // bytes that are not the protocol
  l4_refused,  // connect refused
  l4_timeout,  // connect without an answer
  l4_error,    // any other connect failure (no route, ...)
  l7_closed,   // connected, closed before a reply
  l7_timeout,  // connected, no byte in time
  shortage,    // not asked: no descriptor or memory of ours for the connect in time. Says nothing of the server
};

constexpr bool is_life(Outcome outcome) { return outcome <= Outcome::invalid; }
std::string_view to_string(Outcome outcome);
std::string_view to_string(Role role);

/// One side of semi-synchronous replication on one server.
enum class SemiSync : std::uint8_t { absent, off, on };  // absent: no such variable (the plugin is not loaded)

/// How a replica reaches its source by TLS, as it was told in CHANGE REPLICATION SOURCE. Paths are on the replica's
/// host.
struct ReplicationTls {
  bool on = false;  // SOURCE_SSL
  std::string ca_file, ca_path, certificate, key;
  std::optional<bool> verifies;  // SOURCE_SSL_VERIFY_SERVER_CERT; none: not told
  bool operator==(const ReplicationTls&) const = default;
};

/// What only MySQL and MariaDB have. Variables and columns are named as in MySQL; MariaDB's are in
/// health/mysql/dialect.
struct SqlInfo {
  enum class Flavour : std::uint8_t { mysql, mariadb };
  Flavour flavour = Flavour::mysql;
  std::uint64_t server_id = 0;
  GtidSet executed;                // gtid_executed; MariaDB: gtid_binlog_state
  GtidSet received;                // executed, and what the relay log holds (Retrieved_Gtid_Set; Gtid_IO_Pos)
  std::chrono::seconds uptime{0};  // Uptime: tells a restart, since server_uuid outlives it
  // When the process was started, since 1970 by the server's own clock: the same for as long as the process lives,
  // also where that clock is set (health/mysql/dialect, when_started). 0: the server does not say.
  std::chrono::seconds started{0};
  // as a replica: a source is configured (ServerInfo::master.host is not empty)
  bool receiving = false;  // the IO thread runs, or tries to connect
  bool applying = false;   // the SQL thread runs
  bool gave_up = false;    // the IO thread ended after as many attempts as it may make
  ReplicationTls source_tls;
  std::optional<ByPosition> by_position;  // MariaDB: it does not follow by GTIDs, and `received` is what is executed
  std::chrono::seconds delay{0};          // SQL_Delay: what it receives is applied so long after it was written
  int other_channels = 0;                 // further sources (channels, MariaDB: connections), which are ignored
  std::string receive_error;              // Last_IO_Errno and Last_IO_Error, for people; empty: none
  std::string apply_error;                // Last_SQL_Errno and Last_SQL_Error
  std::string filter;  // what its replication leaves out ("Replicate_Ignore_DB=logs"), or its binary log; empty: none
  std::int64_t heartbeats = 0;                   // received from the source
  std::optional<Milliseconds> heartbeat_period;  // none where it is not known
  std::chrono::seconds net_timeout{60};          // replica_net_timeout
  std::optional<std::chrono::seconds> behind;    // Seconds_Behind_Source
  // semi-synchronous replication
  SemiSync semi_sync_source = SemiSync::absent;                // rpl_semi_sync_source_enabled
  SemiSync semi_sync_replica = SemiSync::absent;               // rpl_semi_sync_replica_enabled
  int semi_sync_clients = 0;                                   // Rpl_semi_sync_source_clients
  int semi_sync_waiting = 0;                                   // Rpl_semi_sync_source_wait_sessions
  int semi_sync_wait_for = 1;                                  // rpl_semi_sync_source_wait_for_replica_count
  bool semi_sync_after_sync = true;                            // rpl_semi_sync_source_wait_point
  std::optional<std::chrono::seconds> semi_sync_kill_timeout;  // MariaDB: rpl_semi_sync_slave_kill_conn_timeout
  bool locks_are_told = true;  // false: sengu may not ask who holds up commits (performance_schema.metadata_locks)
  // what a group of sengu's needs
  bool super_read_only =
      true;            // false: MySQL with read_only alone, which lets SUPER users write. MariaDB has no such variable
  bool gtids = true;   // gtid_mode and enforce_gtid_consistency; MariaDB: gtid_strict_mode
  bool binlog = true;  // log_bin
  bool logs_updates = true;  // log_replica_updates
};

/// What a Redis server says of its settings (CONFIG GET) where INFO is silent. Of passwords only whether there is one.
struct RedisSettings {
  bool requires_password = false;    // requirepass
  bool has_master_password = false;  // masterauth
  bool persists = true;              // save, or appendonly yes
  int min_replicas_to_write = 0;
  bool save_points = true;                  // save is not empty
  bool stop_writes_on_bgsave_error = true;  // no write is accepted after a failed save (MISCONF)
};

/// How much a Redis server may hold (INFO memory).
struct RedisMemory {
  std::uint64_t used = 0;  // used_memory, bytes
  std::uint64_t max = 0;   // maxmemory, bytes; 0: no limit
  bool evicts = false;  // maxmemory_policy is not noeviction: over the limit it deletes keys, or else it refuses writes
};

/// What a Redis server lets sengu do to it, and its room. Of a command that is renamed or forbidden the error line;
/// empty where it may be used, or where that is not known.
struct RedisAbilities {
  std::string replicaof_refused;
  std::string kill_refused;           // CLIENT KILL
  std::optional<RedisMemory> memory;  // none where the server did not tell
};

/// The keys with a time to live (INFO keyspace).
struct ExpiringKeys {
  std::uint64_t count = 0;      // expires
  Milliseconds longest_ttl{0};  // the longest avg_ttl of a database with such keys
};

/// What one server says of itself, in the words of Redis INFO; `sql` holds the rest that MySQL and MariaDB say.
struct ServerInfo {
  Role role = Role::unknown;
  std::string run_id;
  std::string version;              // "7.0.15"
  std::string replid;               // master_replid
  std::string replid2;              // master_replid2; empty where all zero
  std::int64_t offset = 0;          // master_repl_offset of a master, slave_repl_offset of a replica (bytes)
  std::int64_t second_offset = -1;  // second_repl_offset
  std::uint64_t keys = 0;           // sum over all databases (INFO keyspace)
  ExpiringKeys expiring;
  bool loading = false;
  // of a replica
  Endpoint master;                                    // master_host, master_port
  bool link_up = false;                               // master_link_status
  bool sync_in_progress = false;                      // master_sync_in_progress
  std::optional<std::chrono::seconds> link_down_for;  // master_link_down_since_seconds; none while never up
  bool read_only = true;
  int priority = 100;        // slave_priority; 0 = never promote
  bool save_failed = false;  // rdb_last_bgsave_status
  // what it says that concerns it as a master, for people; empty: nothing is known
  std::string hindrance;     // it could not serve clients ("offline_mode is ON")
  std::string unpromotable;  // it cannot be made a master ("cluster-enabled is yes")
  // of MySQL and MariaDB: run_id is server_uuid (MariaDB: server_id), offset is the number of transactions received,
  // role is master only where it is writable and has no source, link_up that the IO thread is connected and heard its
  // source lately
  std::optional<SqlInfo> sql;

  /// Grows with every sign that a replica hears from its master.
  std::int64_t progress() const { return offset + (sql ? sql->heartbeats : 0); }
};

struct Observation {
  Outcome outcome = Outcome::l7_timeout;
  Time asked{};                    // when the probe began
  Time answered{};                 // when it ended
  bool fresh_connection = false;   // it opened a connection of its own
  std::optional<ServerInfo> info;  // where INFO was read whole (outcome ok or loading)
  std::string text;                // the error line, for people
};

}  // namespace sengu::health
