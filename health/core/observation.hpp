// What one probe saw. Plain values: no socket, no parsing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/types.hpp"
#include "health/core/time.hpp"

namespace sengu::health {

/// Index of a node in its group's configuration.
enum class NodeId : std::uint16_t {};
constexpr std::size_t index(NodeId node) { return static_cast<std::size_t>(node); }

using Epoch = std::uint64_t;  // 0 = none yet; grows by one with each change of master, never reused

enum class Role : std::uint8_t { unknown, master, replica };

/// How a probe ended, by layer as HAProxy names it. Every outcome from `ok` down to `invalid` means that bytes
/// came: the server lives (safety.md §2.1).
enum class Outcome : std::uint8_t {
  ok,
  loading,        // INFO says loading:1, or -LOADING
  busy,           // -BUSY: a script runs
  masterdown,     // -MASTERDOWN
  noauth,         // -NOAUTH, -WRONGPASS
  noperm,         // -NOPERM
  error,          // any other error reply (max clients, MISCONF, ...)
  invalid,        // bytes that are not the protocol
  l4_refused,     // connect refused
  l4_timeout,     // connect without an answer
  l4_error,       // any other connect failure (no route, ...)
  l7_closed,      // connected, closed before a reply
  l7_timeout,     // connected, no byte in time
};

constexpr bool is_life(Outcome outcome) { return outcome <= Outcome::invalid; }
std::string_view to_string(Outcome outcome);
std::string_view to_string(Role role);

/// What INFO says of one server, in the words of Redis' documentation of INFO.
struct ServerInfo {
  Role role = Role::unknown;
  std::string run_id;
  std::string version;                // "7.0.15"
  std::string replid;                 // master_replid
  std::string replid2;                // master_replid2; empty where all zero
  std::int64_t offset = 0;            // master_repl_offset of a master, slave_repl_offset of a replica (bytes)
  std::int64_t second_offset = -1;    // second_repl_offset
  std::uint64_t keys = 0;             // sum over all databases (INFO keyspace)
  bool loading = false;
  // of a replica
  Endpoint master;                    // master_host, master_port
  bool link_up = false;               // master_link_status
  bool sync_in_progress = false;      // master_sync_in_progress
  std::optional<std::chrono::seconds> link_down_for;  // master_link_down_since_seconds; none while never up
  bool read_only = true;
  int priority = 100;                 // slave_priority; 0 = never promote
};

struct Observation {
  Outcome outcome = Outcome::l7_timeout;
  Time asked{};                       // when the probe began
  Time answered{};                    // when it ended
  bool fresh_connection = false;      // it opened a connection of its own
  std::optional<ServerInfo> info;     // where INFO was read whole (outcome ok or loading)
  std::string text;                   // the error line, for people
};

}  // namespace sengu::health
