// What a change of master may look at and write to in one step.
#pragma once

#include "health/core/kind_rules.hpp"
#include "health/core/knowledge/knowledge.hpp"
#include "health/model/outbox.hpp"

namespace sengu::health {

struct ChangeContext {
  Time now;
  Knowledge& knowledge;
  Outbox& out;
  bool route_acknowledged;  // every worker has acknowledged the present route
  bool may_act;             // not in tilt
  bool paused;              // by the operator, perhaps after the change began

  const config::GroupSettings& settings() const { return *knowledge.settings; }
  const KindRules& rules() const { return rules_of(knowledge.settings->kind); }
};

}  // namespace sengu::health
