// Why the group is as it is: the reasons of its last decisions, taken or not; and an event for each change of a
// refusal.
#pragma once

#include "health/core/group/scene.hpp"

namespace sengu::health {

struct Reasons {
  Reason last = Reason::starting;    // of the last decision, taken or not
  Reason cause = Reason::none;       // of the last change of master
  Reason closed = Reason::starting;  // why there is no master, while there is none
  Reason refused = Reason::none;     // the refusal that was said last; none: the next one is said in any case

  /// A decision is not taken: says so when the reason changes, not at each step.
  void refuse(const Scene& scene, Reason reason);
};

}  // namespace sengu::health
