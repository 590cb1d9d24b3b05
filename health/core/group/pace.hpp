// How often a group may fail over: the pause after a failover that was given up, and the cool-down (RULES §8).
#pragma once

#include <deque>
#include <optional>

#include "config/settings.hpp"
#include "health/model/reason.hpp"
#include "health/model/time.hpp"

namespace sengu::health {

class Pace {
 public:
  /// A failover was given up: the pause before the next doubles each time.
  void gave_up(Time now, Milliseconds step_timeout);
  /// A node was promoted.
  void promoted(Time now);
  /// A master was confirmed, or a failover begins: the pause ends.
  void go_on() { retry_after_.reset(); }
  /// A master was confirmed: what was given up before is forgotten.
  void forget_failures();

  /// The pause after a failover that was given up has not ended.
  bool waits(Time now) const { return retry_after_ && now < *retry_after_; }
  /// Too soon for a failover for that reason?
  bool cools_down(Time now, Reason cause, Milliseconds cooldown) const;

 private:
  std::optional<Time> retry_after_;
  int given_up_in_a_row_ = 0;
  std::deque<Time> promotions_;  // newest last; no more than the rule looks at
};

}  // namespace sengu::health
