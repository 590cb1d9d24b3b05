// The one way in which a step leaves the decision.
#pragma once

#include "health/core/knowledge/knowledge.hpp"
#include "health/model/outbox.hpp"

namespace sengu::health {

/// How long a fence holds that is undone by itself: as long as the failover may take that it is for.
inline Milliseconds fence_pause(const config::GroupSettings& settings) { return 3 * settings.failover.step_timeout; }

/// Sends the step, and marks the node as busy with it (Told::step) until its StepDone comes.
inline void tell(Knowledge& knowledge, Outbox& out, const RunStep& step) {
  knowledge.node(step.node).told.step = step.step;
  out.send(step);
}

}  // namespace sengu::health
