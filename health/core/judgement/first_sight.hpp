// What can be said of a group by who asks each node once and knows nothing from before: no journal, no running sengu. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

/// What one node answered.
struct FirstAnswer {
  Observation seen;
  std::optional<DecidersTold> told;     // none where it was not asked
};

/// Judges by what was answered alone, one by NodeId. The master is the only node that says so; where none does, the one that
/// all replicas name. One good answer makes a node fit: a running sengu asks for `rise` of them. `settings` outlive the result.
Knowledge at_first_sight(const config::GroupSettings& settings, const std::vector<FirstAnswer>& answers);

/// Why a sengu without a journal would not take this group as it is, for people; none where it would, or where it is only that a
/// node does not answer.
std::optional<std::string> why_not_adopted(const Knowledge& known);

}  // namespace sengu::health
