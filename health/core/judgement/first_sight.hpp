// What can be said of a group from one answer of each node, without a journal and without a running sengu: `sengu
// check`. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

/// What one node answered.
struct FirstAnswer {
  Observation seen;
  std::optional<DecidersTold> told;  // none where it was not asked
  std::optional<EventsTold> events = {};
};

/// Judges by the answers alone; `answers` has one for each NodeId. The master is the only node that says master; where
/// none does, the one that all replicas name. One good answer makes a node fit, where a running sengu waits for `rise`.
/// `settings` outlive the result.
Knowledge at_first_sight(const config::GroupSettings& settings, const std::vector<FirstAnswer>& answers);

/// Why a sengu without a journal would not adopt this group, for people; none where it would, or where it only waits
/// for a node that does not answer.
std::optional<std::string> why_not_adopted(const Knowledge& known);

}  // namespace sengu::health
