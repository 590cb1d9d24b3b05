#include "health/core/knowledge/tracker.hpp"

namespace sengu::health {

Transition HealthTracker::good() {
  const bool was_up = up();
  ++counter_;
  if (counter_ >= rise_) counter_ = rise_ + fall_ - 1;
  return !was_up && up() ? Transition::went_up : Transition::unchanged;
}

Transition HealthTracker::bad() {
  const bool was_up = up();
  if (counter_ > 0) --counter_;
  if (counter_ < rise_) counter_ = 0;
  return was_up && !up() ? Transition::went_down : Transition::unchanged;
}

Transition HealthTracker::force_down() {
  const bool was_up = up();
  counter_ = 0;
  return was_up ? Transition::went_down : Transition::unchanged;
}

}  // namespace sengu::health
