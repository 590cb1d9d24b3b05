// What a change of master cost: the bytes that the old master had acknowledged beyond the point where the new one's history begins.
// Redis only; of MySQL the errant set tells (events).
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "health/core/group/scene.hpp"

namespace sengu::health {

class LostTail {
 public:
  /// A promotion: the old master had been seen so many bytes beyond the new one.
  void remember(NodeId old_master, std::int64_t bytes) { tail_ = {old_master, bytes}; }
  /// A node that says master and is not ours answers.
  void report(const Scene& scene, NodeId id);
  /// The old master came back as a replica: its own word is gone with the sync, what its last probe saw is at least lost.
  void report_estimate(const Scene& scene, NodeId id);

 private:
  std::optional<std::pair<NodeId, std::int64_t>> tail_;   // none: no promotion, or it was reported
};

}  // namespace sengu::health
