// Finds out that this process was not run for a while (a stall). What was seen before a stall is void (tilt, RULES
// §2.3): the group only asks, and routes no client before each node was judged anew.
#pragma once

#include <optional>

#include "health/core/group/scene.hpp"

namespace sengu::health {

class Stall {
 public:
  /// `due` is when this step was due at the latest: the time from then until now is time in which sengu did not run.
  void check_clock(const Scene& scene, Time due);
  void begin(const Scene& scene);
  /// The end of tilt: once each node was asked and its probe ended, or after ten seconds.
  void end_when_all_seen(const Scene& scene);
  /// The step came late: the sockets are polled once more before it counts.
  bool is_void(Time now);

  bool tilted() const { return tilt_since_.has_value(); }
  /// When the last stall ended; none: the epoch.
  Time last() const { return last_; }
  std::optional<Time> recheck_at() const { return recheck_at_; }
  /// True until it is known of every node that answers whether it was promoted meanwhile. Requires a master.
  bool looks_anew(const Knowledge& known, Time now) const;

 private:
  std::optional<Time> tilt_since_;
  Time last_{};
  std::optional<Time> recheck_at_;  // steps before this time are void
};

}  // namespace sengu::health
