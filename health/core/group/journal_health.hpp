// Can a decision be remembered? Whether the journal takes writes, and whether it still names the master (RULES §7).
#pragma once

#include <optional>

#include "health/core/group/scene.hpp"

namespace sengu::health {

class JournalHealth {
 public:
  explicit JournalHealth(JournalFound found) : damaged_(found == JournalFound::damaged) {}

  void written(const Scene& scene, const JournalWritten& written);
  /// After a failed write: tries to write each second, until the journal works again. Not during a failover, which
  /// writes itself.
  void probe(const Scene& scene);
  /// Each minute, and soon after a change of many keys: how far the master has come, and what each node holds. Requires
  /// a verified master, and that no change runs.
  void refresh(const Scene& scene);
  /// The journal names a master again.
  void is_whole_again() { damaged_ = false; }

  bool writable() const { return ok_; }
  /// The journal was damaged and names no master: the operator must name one.
  bool damaged() const { return damaged_; }

 private:
  bool ok_ = true;
  bool damaged_;
  std::optional<Serial> probe_;  // the write that tries whether the journal works again
  Time next_probe_{};
  std::optional<Time> refreshed_;  // the first look at a master counts as one: it was journalled as it was taken
};

}  // namespace sengu::health
