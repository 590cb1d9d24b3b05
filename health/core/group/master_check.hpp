// Is the server that answers under the master's name still the one of the journal, with all that it had? Another server, an emptied
// one and one that lost its last writes are all looked at here.
#pragma once

#include <optional>

#include "health/core/group/scene.hpp"

namespace sengu::health {

class MasterCheck {
 public:
  /// The master's INFO was read, and `before` is what was known until now.
  void take(const NodeView& before, const Observation& seen, const JournalRecord& record);
  /// MySQL: a master that restarted may have lost its last writes with its host, and would give their numbers to others. What the
  /// replicas have when it is first seen must be its own soon. False: not judged yet, or it lacks something.
  bool holds_what_replicas_have(const Scene& scene);
  /// Another server than the journal's, or the same one with less than it had.
  bool is_another(const Knowledge& known, const ServerInfo& info) const;
  /// Such a one answered last under the master's name. Requires a master.
  bool server_changed(const Knowledge& known) const;
  bool regressed() const { return regressed_; }
  /// A master was confirmed.
  void reset();

  /// Since when the master is known to have come back without its data; none: it is not.
  std::optional<Time> emptied_since() const { return emptied_since_; }
  void emptied(Time since) { emptied_since_ = since; }
  void has_data() { emptied_since_.reset(); }

 private:
  bool regressed_ = false;             // MySQL: the same server, and it lacks what it, or a replica, had: as if it were another
  bool unjudged_ = false;              // MySQL: seen for the first time, or restarted; not compared with the replicas yet
  GtidSet must_hold_;                  // ... what they had then
  std::optional<Time> must_hold_by_;   // ... and until when it is given time to have it; none: they were not asked yet
  std::optional<Time> emptied_since_;
};

}  // namespace sengu::health
