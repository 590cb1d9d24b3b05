// Where a client goes under a routing table, or why it goes nowhere.
// Pure: no socket, no clock, no thread.
#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <string_view>

#include "proxy/dataplane/routing_table.hpp"

namespace sengu::proxy {

enum class ListenerRole : std::uint8_t { master, readers };

enum class Verdict : std::uint8_t { connect, park, refuse };

struct Placement {
  Verdict verdict;
  SessionTag tag{};                              // where verdict is connect
  health::Reason reason = health::Reason::none;  // where verdict is park or refuse
};

struct Seeker {
  health::GroupId group;
  ListenerRole role;
  std::optional<health::NodeId> avoid;  // its connect just failed: only where no other reader accepts
};

/// The master for a client of `listen`. For one of `read_listen` an accepting reader (the proxy's own zone first, then
/// the one with the fewest sessions, then the first), and the master where no reader accepts.
Placement place(const Seeker& seeker, const RoutingTable& table, std::string_view own_zone,
                std::span<const std::atomic<std::uint64_t>> node_sessions);

}  // namespace sengu::proxy
