// A group as `sengu status`, the API and the metrics show it. Plain values, made by the group on demand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "health/model/messages.hpp"

namespace sengu::health {

enum class Health : std::uint8_t { unknown, up, unconfirmed, loading, busy, unusable, suspect, down };
std::string_view to_string(Health health);

struct Rejection {
  NodeId node;
  Reason reason;
};

struct NodeStatus {
  Role role = Role::unknown;
  Health health = Health::unknown;
  Outcome last_outcome = Outcome::l7_timeout;
  std::optional<std::int64_t>
      offset;  // of its replication, as last seen (bytes; transactions); none before the first answer
  std::optional<std::int64_t> lag_bytes;         // behind the master's last seen offset, same history only
  std::optional<std::int64_t> lag_transactions;  // the same of MySQL: not applied yet, received or not
  std::string errant;                            // MySQL: the GTID set of its own; empty: none
  std::optional<double> lag_seconds;             // age of the last sign of the master's link; 0 while the link is up
  Time since{};                                  // of role and health
  bool rogue = false;
  std::string server_id;
  std::string text;  // the last error line
};

struct GroupStatus {
  Epoch epoch = 0;
  RouteState route = RouteState::closed;
  Reason reason = Reason::starting;  // of the route
  Time route_since{};
  std::optional<NodeId> master;
  std::vector<NodeStatus> nodes;
  std::optional<NodeId> candidate;    // if the master died now
  std::vector<Rejection> rejected;    // and why not the others
  Reason held_back = Reason::none;    // why no node would be promoted unasked, however fit
  Reason last_reason = Reason::none;  // of the last decision, taken or not
  std::string phase;                  // of the failover machine, for people
  bool paused = false;
  bool tilt = false;
  bool journal_ok = true;
  std::vector<std::string> findings;  // the doctor's, in words
};

}  // namespace sengu::health
