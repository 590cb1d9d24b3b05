// The state of the running program at one instant, from which status, API and metrics are made for people and programs.
// Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "health/model/ports.hpp"
#include "health/model/status.hpp"
#include "proxy/dataplane/traffic.hpp"

namespace sengu::proxy {

/// What the control side counted for one group since start.
struct GroupCounts {
  std::map<std::pair<health::NodeId, health::Outcome>, std::uint64_t> probe_failures;
  DurationHistogram probe_duration;
  DurationHistogram failover_duration;  // of those that ended with a new master and that this process began
  std::map<std::pair<health::Reason, std::string>, std::uint64_t> failovers;  // (reason, result "done" | "aborted")
  std::uint64_t lost_write_bytes = 0;
  std::uint64_t lost_write_transactions = 0;
  std::optional<std::chrono::system_clock::time_point>
      last_switch;  // when the master changed, by the clock of that moment
};

struct GroupView {
  std::shared_ptr<const config::GroupSettings> settings;  // never null
  health::GroupStatus status;
  GroupTraffic traffic;
  GroupCounts counts;
};

/// Everything that status, API and metrics show.
struct Snapshot {
  std::string proxy;                             // [proxy] name
  health::Time now{};                            // on the clock of every `since`; no `since` is later
  std::chrono::system_clock::time_point wall{};  // the same instant, for people
  std::vector<GroupView> groups;                 // by GroupId; or the one that was asked for
  std::map<std::string, std::uint64_t> accept_errors;
  DurationHistogram control_loop_delay;
  std::uint64_t log_dropped = 0;
};

struct Readiness {
  bool ready = false;
  std::string why;  // "ready", or why not
};

}  // namespace sengu::proxy
