// What the admin port, the HTTP port and the metrics may ask of the running program. The app implements it; tests
// implement a fake. Every call is made on the control thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "health/model/ports.hpp"
#include "health/model/status.hpp"
#include "proxy/dataplane/traffic.hpp"
#include "proxy/events/history.hpp"

namespace sengu::proxy {

/// What the control side counted for one group since start.
struct GroupCounts {
  std::map<std::pair<health::NodeId, health::Outcome>, std::uint64_t> probe_failures;
  DurationHistogram probe_duration;
  DurationHistogram failover_duration;            // of those that ended with a new master and that this process began
  std::map<std::pair<health::Reason, std::string>, std::uint64_t> failovers;  // (reason, result "done" | "aborted")
  std::uint64_t lost_write_bytes = 0;
  std::uint64_t lost_write_transactions = 0;
  std::optional<std::chrono::system_clock::time_point> last_switch;  // when the master changed, by the clock of that moment
};

struct GroupView {
  const config::GroupSettings* settings = nullptr;
  health::GroupStatus status;
  GroupTraffic traffic;
  GroupCounts counts;
};

/// Everything that status, API and metrics show.
struct Snapshot {
  std::string proxy;                              // [proxy] name
  health::Time now{};                             // the clock behind every `since`; no group is younger
  std::chrono::system_clock::time_point wall{};   // the same instant, for people
  std::vector<GroupView> groups;                  // by GroupId; or the one that was asked for
  std::map<std::string, std::uint64_t> accept_errors;
  DurationHistogram control_loop_delay;
  std::uint64_t log_dropped = 0;
};

struct Readiness {
  bool ready = false;
  std::string why;                                // "ready", or why not
};

class Operations {
 public:
  using Done = std::function<void(bool ok, std::string text)>;
  virtual ~Operations() = default;
  /// One group, at this instant.
  virtual GroupView view(health::GroupId group) = 0;
  /// The rest, without a group.
  virtual Snapshot frame() = 0;
  /// All groups at one instant. Thousands of them keep the control thread for longer than it may be away: who can wait takes one
  /// view after the other.
  Snapshot snapshot();
  Snapshot snapshot_of(health::GroupId group);
  virtual Readiness readiness() = 0;              // may this proxy get traffic?
  virtual const EventHistory& events() const = 0;
  virtual EventHistory& events() = 0;
  virtual void failover(health::GroupId group, std::optional<health::NodeId> to, health::LossPolicy loss, Done done) = 0;
  virtual void pause(health::GroupId group, Done done) = 0;
  virtual void resume(health::GroupId group, Done done) = 0;
  virtual const config::Settings& settings() const = 0;
};

inline Snapshot Operations::snapshot() {
  Snapshot all = frame();
  for (std::size_t i = 0; i < settings().groups.size(); ++i) all.groups.push_back(view(health::GroupId{static_cast<std::uint32_t>(i)}));
  return all;
}

inline Snapshot Operations::snapshot_of(health::GroupId group) {
  Snapshot one = frame();
  one.groups.push_back(view(group));
  return one;
}

}  // namespace sengu::proxy
