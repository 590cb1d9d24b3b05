// What the admin port, the HTTP port and the metrics may ask of the running program. The app implements it; tests
// implement a fake. Every call is made on the control thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/settings.hpp"
#include "proxy/events/history.hpp"
#include "proxy/view/snapshot.hpp"

namespace sengu::proxy {

class Operations {
 public:
  using Done = std::function<void(const health::WishOutcome& outcome)>;
  virtual ~Operations() = default;
  /// One group, at this instant.
  virtual GroupView view(health::GroupId group) = 0;
  /// The rest, without a group.
  virtual Snapshot header() = 0;
  /// All groups at one instant. Thousands of groups keep the control thread for longer than it may be away: a caller
  /// that can wait takes one view() after the other.
  Snapshot snapshot();
  Snapshot snapshot_of(health::GroupId group);
  virtual Readiness readiness() = 0;  // may this proxy get traffic?
  virtual const EventHistory& events() const = 0;
  virtual EventHistory& events() = 0;
  /// `done` is called once, on the control thread: at once, or when what the wish began has ended.
  virtual void submit(health::GroupId group, const health::Wish& wish, Done done) = 0;
  /// For the settings that are not those of a group; a group's are in groups().
  virtual const config::Settings& settings() const = 0;
  virtual const health::ConfiguredGroups& groups() const = 0;
};

inline Snapshot Operations::snapshot() {
  Snapshot all = header();
  for (const auto& group : groups()) all.groups.push_back(view(group.id));
  return all;
}

inline Snapshot Operations::snapshot_of(health::GroupId group) {
  Snapshot one = header();
  one.groups.push_back(view(group));
  return one;
}

}  // namespace sengu::proxy
