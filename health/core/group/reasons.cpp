#include "health/core/group/reasons.hpp"

#include <string>

#include "health/core/group/events.hpp"

namespace sengu::health {

void Reasons::refuse(const Scene& scene, Reason reason) {
  last = reason;
  if (refused == reason) return;
  refused = reason;
  const Reason suspected = scene.known.suspicion ? scene.known.suspicion->cause : Reason::none;
  std::string more = "cause=" + std::string(to_string(suspected));
  if (reason == Reason::no_good_replica)
    more += " rejected=" + rejections(scene.known, select_candidate(scene.known, {}));
  emit_group(scene, EventKind::failover_refused, reason, more);
}

}  // namespace sengu::health
