// The group's own clock: was this process not run for a while? What was seen before a stall is void (tilt, RULES §2.3): for a
// while the group only looks, and no client is routed before each node was judged anew.
#pragma once

#include <optional>

#include "health/core/group/scene.hpp"

namespace sengu::health {

class Stall {
 public:
  /// `due` is when this step was due at the latest: what lies beyond is the time in which sengu itself did not run.
  void check_clock(const Scene& scene, Time due);
  void begin(const Scene& scene);
  /// The end of tilt: once each node was asked and its probe ended, or after ten seconds.
  void end_when_all_seen(const Scene& scene);
  /// This step came late: before it counts, the sockets are polled once more.
  bool is_void(Time now);

  bool tilted() const { return tilt_since_.has_value(); }
  /// When the last stall ended; none: the epoch.
  Time last() const { return last_; }
  std::optional<Time> recheck_at() const { return recheck_at_; }
  /// True until every node that answers has been re-examined for having been promoted by someone else. Requires a master.
  bool looks_anew(const Knowledge& known, Time now) const;

 private:
  std::optional<Time> tilt_since_;
  Time last_{};
  std::optional<Time> recheck_at_;   // the steps before it are void
};

}  // namespace sengu::health
