// One replication group as a pure object: Inputs go in, Commands come out, `now` is a parameter. It owns what is
// known of each node, the evidence against the master, the failover and the route. It knows no clock, no socket, no
// log and no randomness, so a test or the simulator drives it as the real driver does.
#pragma once

#include <memory>
#include <optional>

#include "config/settings.hpp"
#include "health/model/messages.hpp"
#include "health/model/status.hpp"

namespace sengu::health {

struct GroupState;

class Group {
 public:
  /// `journal` is the record that an earlier run left, if any. `settings` outlive the group.
  Group(const config::GroupSettings& settings, std::optional<JournalRecord> journal,
        JournalFound found = JournalFound::sound);
  ~Group();
  Group(Group&&) noexcept;
  Group(const Group& other);  // the exhaustive test branches from one state into many

  /// Begins: the first (closed) route, and the first probes at `first_probe`.
  Commands start(Time now, Time first_probe);
  Commands start(Time now) { return start(now, now); }
  Commands step(Time now, const Input& input);
  /// When step(now, Tick{}) is due at the latest. Always set after start().
  Time next_deadline() const;
  GroupStatus status(Time now) const;

 private:
  std::unique_ptr<GroupState> state_;
};

}  // namespace sengu::health
