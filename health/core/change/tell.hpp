// The one way in which a step leaves the decision.
#pragma once

#include "health/core/knowledge/knowledge.hpp"
#include "health/model/outbox.hpp"

namespace sengu::health {

/// Sends the step, and marks the node as busy with it (Told::step) until its StepDone comes.
inline void tell(Knowledge& knowledge, Outbox& out, const RunStep& step) {
  knowledge.node(step.node).told.step = step.step;
  out.send(step);
}

}  // namespace sengu::health
