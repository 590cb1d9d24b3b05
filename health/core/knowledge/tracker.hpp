// Rise and fall of one node in a single counter, as in HAProxy (src/check.c, set_server_check_status): good probes
// move it up, bad ones down, and it changes sides only at the end of a streak.
#pragma once

#include <cstdint>

namespace sengu::health {

enum class Transition : std::uint8_t { unchanged, went_up, went_down };

class HealthTracker {
 public:
  /// `rise` good probes in a row bring a node up, `fall` bad ones bring it down; both at least 1.
  HealthTracker(int rise, int fall) : rise_(rise), fall_(fall) {}

  Transition good();
  Transition bad();
  /// Down at once, whatever the streak: silence for down_after, or another server under the same name.
  Transition force_down();
  bool up() const { return counter_ >= rise_; }

 private:
  int rise_;
  int fall_;
  int counter_ = 0;  // 0..rise-1 is down, rise..rise+fall-1 is up
};

}  // namespace sengu::health
