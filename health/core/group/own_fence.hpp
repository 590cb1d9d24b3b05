// MySQL: the fence that a failover left on the journal's master, as the journal remembers it: undone and asked after
// until it was seen undone, then forgotten (RULES §4.5).
#pragma once

#include <optional>

#include "health/core/group/reasons.hpp"

namespace sengu::health {

class OwnFence {
 public:
  /// The master is read-only by it: tells the unfence, again and again. In every mode, since it only undoes; but not
  /// beside another decider, whose fence it may be by now.
  void undo(const Scene& scene, Reasons& reasons);
  /// The master is in order, and no change runs. Once it has been so for a while, the journal forgets the fence.
  void master_is_open(const Scene& scene);
  /// ... it is not.
  void master_is_not_open() { open_since_.reset(); }

 private:
  std::optional<Time> open_since_;
};

}  // namespace sengu::health
