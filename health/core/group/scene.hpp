// What the parts of a group read and write while the group takes one step. Lives as long as that step.
#pragma once

#include "health/core/kind_rules.hpp"
#include "health/core/knowledge/knowledge.hpp"
#include "health/model/outbox.hpp"

namespace sengu::health {

struct Scene {
  Time now;
  Knowledge& known;
  Outbox& out;

  const config::GroupSettings& settings() const { return *known.settings; }
  const KindRules& rules() const { return rules_of(known.settings->kind); }
  /// Requires a master.
  NodeView& master() const { return known.node(*known.master); }
};

}  // namespace sengu::health
