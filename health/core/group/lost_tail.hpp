// What a change of master cost: the bytes that the old master had acknowledged beyond the point where the new one's
// history begins. Redis only; on MySQL the errant set tells (events).
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "health/core/group/scene.hpp"

namespace sengu::health {

class LostTail {
 public:
  /// A node was promoted; the old master had been seen that many bytes beyond it.
  void remember(NodeId old_master, std::int64_t bytes) { tail_ = {old_master, bytes}; }
  /// A node answers that says master and is not the group's.
  void report(const Scene& scene, NodeId id);
  /// The old master came back as a replica: the sync has removed its tail, of which only what its last probe saw is
  /// known.
  void report_estimate(const Scene& scene, NodeId id);

 private:
  std::optional<std::pair<NodeId, std::int64_t>> tail_;  // none: no promotion yet, or the loss was reported
};

}  // namespace sengu::health
