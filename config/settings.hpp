// The effective settings: what the configuration file means, checked and complete. Immutable once loaded.
// Defaults live here and nowhere else; deploy/manual/reference.md and a test agree with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/base/types.hpp"

namespace sengu::config {

using namespace std::chrono_literals;

enum class Kind { redis, mysql, tcp };
enum class Mode { automatic, manual, observe };
enum class Authority { local, etcd, sentinel };
enum class OnProcessDeath { now, down_after };
enum class AuthRequired { operate, all };
enum class Announce { vip, backend };
enum class Tls { off, prefer, require, verify };
enum class SemiSync { automatic, off };
enum class ScheduledEvents { leave, follow };
enum class LogFormat { text, json };
enum class LogLevel { debug, info, warning, error };
enum class LogSessions { all, errors, none };

struct HealthPolicy {
  Milliseconds interval = 500ms;         // between two probes of one node
  Milliseconds timeout = 500ms;          // of one probe
  Milliseconds down_after = 3s;          // silence since the last reply that counts as down
  int rise = 2;                          // good probes before a node takes readers or may be chosen
  Milliseconds loading_timeout = 60s;    // alive but loading for longer: alarm, failover if allowed
  std::string query = "SHOW DATABASES";  // MySQL: asked in each probe too, a single statement; empty: none
};

struct FailoverPolicy {
  Mode mode = Mode::automatic;
  Authority authority = Authority::local;
  OnProcessDeath on_process_death = OnProcessDeath::now;
  Milliseconds hold_timeout = 10s;  // how long a client may be parked
  std::size_t hold_max = 10000;     // clients parked at once
  int parallel_syncs = 1;           // replicas repointed at once
  Milliseconds cooldown = 30s;
  Milliseconds step_timeout = 1s;
  std::uint64_t max_lag_bytes = 0;  // Redis; 0 = no limit
  Milliseconds amnesia_wait = 30s;  // hold before routing an emptied master that has no replica
  Milliseconds rejoin_delay{0};     // how long a returned master's extra tail is kept before it is repointed
};

/// How sengu itself talks to the servers of a group. Files are absolute paths, of PEM; empty where not given.
struct TlsPolicy {
  Tls mode = Tls::off;    // prefer: clear text where the server has no TLS; require: any certificate will do
  std::string ca_file;    // verify: who may have signed the server's certificate; empty: the system's CAs
  std::string cert_file;  // what sengu shows where the server asks; with its chain
  std::string key_file;   // its key; given with cert_file, and only then
};

struct NodeSettings {
  std::string name;  // its configured name, else its address
  Endpoint address;
  Endpoint replication_address;  // how replicas know it; default: address
  std::string zone;
  int priority = 100;           // 0 = never promote; lower is preferred, as in Redis Sentinel
  bool accepts_filter = false;  // MySQL: a replication filter of this node is meant, and no reason against it
};

struct GroupSettings {
  std::string name;
  Kind kind = Kind::redis;
  Endpoint listen;
  std::optional<Endpoint> read_listen;
  std::vector<NodeSettings> nodes;
  std::string username;  // empty: AUTH with a password only
  Secret password;       // empty: no AUTH
  TlsPolicy tls;
  std::string replication_username;          // MySQL: the account of a replica at its master, where it has to be told
  Secret replication_password;               // MySQL
  SemiSync semi_sync = SemiSync::automatic;  // MySQL: whether the semi-sync roles follow the master
  ScheduledEvents scheduled_events = ScheduledEvents::leave;  // MySQL: whether they follow the master
  Milliseconds connect_timeout = 1s;
  Milliseconds idle_timeout = 0s;   // a session in which no byte came for so long is closed; 0 = never
  std::size_t max_connections = 0;  // 0 = no limit of its own
  std::vector<Network> allow;       // empty = every address
  HealthPolicy health;
  FailoverPolicy failover;
};

struct ProxySettings {
  std::string name;  // default: host name
  std::string zone;
  unsigned workers = 0;  // 0 = one per core
  std::string state_dir = "/var/lib/sengu";
  std::size_t max_connections = 0;            // 0 = from the file limit
  std::chrono::microseconds busy_poll = 0us;  // how long a worker looks for traffic before it blocks; 0 = not at all
  Milliseconds stop_delay = 0s;               // /readyz says 503 for so long before listeners close
  Milliseconds stop_grace = 10s;
};

struct AdminSettings {
  Endpoint listen{"127.0.0.1", 26379};
  Secret password;  // privilege "operate"
  AuthRequired auth_required = AuthRequired::operate;
  Announce announce = Announce::vip;
};

struct HttpSettings {
  Endpoint listen{"127.0.0.1", 9126};
};

struct LogSettings {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  LogSessions sessions = LogSessions::errors;
};

struct Settings {
  ProxySettings proxy;
  AdminSettings admin;
  HttpSettings http;
  LogSettings log;
  std::vector<GroupSettings> groups;
};

}  // namespace sengu::config
