#include "health/core/group/pace.hpp"

#include <algorithm>

namespace sengu::health {

namespace {

constexpr int most_doublings = 5;                 // of the pause after a failover that was given up
constexpr std::size_t failovers_in_cooldown = 2;  // the third within one cool-down is held back (RULES §8)
constexpr std::size_t remembered = 8;

/// Causes that the cool-down does not hold back, since a flapping network cannot bring them about: the first three are
/// a matter of data, the others end a change that was begun before.
bool ignores_cooldown(Reason cause) {
  switch (cause) {
    case Reason::master_emptied:
    case Reason::master_lacks_writes:
    case Reason::stranger:
    case Reason::resumed:
    case Reason::master_is_replica: return true;
    default: return false;
  }
}

}  // namespace

void Pace::gave_up(Time now, Milliseconds step_timeout) {
  retry_after_ = now + step_timeout / 10 * (1 << std::min(given_up_in_a_row_++, most_doublings));
}

void Pace::promoted(Time now) {
  promotions_.push_back(now);
  if (promotions_.size() > remembered) promotions_.pop_front();
}

void Pace::forget_failures() {
  given_up_in_a_row_ = 0;
  retry_after_.reset();
}

bool Pace::cools_down(Time now, Reason cause, Milliseconds cooldown) const {
  if (ignores_cooldown(cause)) return false;
  const auto recent =
      std::count_if(promotions_.begin(), promotions_.end(), [&](Time at) { return now - at < cooldown; });
  const bool too_many = static_cast<std::size_t>(recent) >= failovers_in_cooldown;
  return too_many || (cause == Reason::silence && recent > 0);
}

}  // namespace sengu::health
