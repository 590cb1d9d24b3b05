// Is the server that answers under the master's address still the one of the journal, with all that it had? Finds
// another server, an emptied one, and one that lost its last writes.
#pragma once

#include <optional>

#include "health/core/group/scene.hpp"

namespace sengu::health {

class MasterCheck {
 public:
  /// The master's INFO was read, and `before` is what was known until now.
  void take(const NodeView& before, const Observation& seen, const JournalRecord& record);
  /// MySQL: a master that restarted may have lost its last writes with its host, and would give their numbers to other
  /// writes. It must soon have all that the replicas have when it is first seen. False: not judged yet, or it lacks
  /// something.
  bool holds_what_replicas_have(const Scene& scene);
  /// Another server than the journal's, or the same one with less than it had.
  bool is_another(const Knowledge& known, const ServerInfo& info) const;
  /// The last answer under the master's address was from another server, or from one with less. Requires a master.
  bool server_changed(const Knowledge& known) const;
  bool regressed() const { return regressed_; }
  /// A master was confirmed.
  void reset();

  /// Since when the master is known to be back without its data; none: it has its data.
  std::optional<Time> emptied_since() const { return emptied_since_; }
  void emptied(Time since) { emptied_since_ = since; }
  void has_data() { emptied_since_.reset(); }

 private:
  bool regressed_ = false;  // MySQL: the same server lacks what it, or a replica, had: treated as another server
  bool unjudged_ = false;   // MySQL: first seen or restarted, and not compared with the replicas yet
  GtidSet must_hold_;       // while unjudged_: what the replicas had then
  std::optional<Time>
      must_hold_by_;  // while unjudged_: the master must have it by then; none: the replicas were not asked yet
  std::optional<Time> emptied_since_;
};

}  // namespace sengu::health
