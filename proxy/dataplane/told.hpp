// What the data plane tells the control thread. Plain values, and the two functions that take them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "config/base/types.hpp"
#include "health/model/ports.hpp"
#include "proxy/dataplane/session_end.hpp"

namespace sengu::proxy {

/// One line of the session log. Made on the worker, read on the control thread.
struct SessionRecord {
  Endpoint client;
  health::GroupId group{};
  std::optional<health::NodeId> node;  // where it was connected (or was about to be)
  std::uint64_t bytes_from_client = 0;
  std::uint64_t bytes_from_server = 0;
  std::chrono::nanoseconds duration{0};  // since accept
  SessionEnd end = SessionEnd::finished;
  health::Reason reason = health::Reason::none;
};

/// What the data plane tells the control thread. Each is called there, never on a worker.
struct Callbacks {
  /// A connect to a node failed (refused, reset, timed out): probe it now. At most once per 10 ms, worker and node.
  std::function<void(health::GroupId, health::NodeId)> connect_failed;
  /// Only for the sessions that [log] sessions asks for.
  std::function<void(const SessionRecord&)> session_ended;
};

}  // namespace sengu::proxy
