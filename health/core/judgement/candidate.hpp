// Which replica would be promoted: filters first, then a total order, and for every other node the reason why not
// (RULES §5). Pure.
#pragma once

#include <optional>
#include <vector>

#include "health/core/knowledge/knowledge.hpp"
#include "health/model/status.hpp"

namespace sengu::health {

/// The change of master that a candidate is chosen for.
struct Choice {
  Reason cause = Reason::none;  // of the failover; none for "if the master died now"
  std::optional<NodeId> only;   // the operator named it
  LossPolicy loss = LossPolicy::keep_writes;
  Time lost_at{};  // when the master was lost
  Time now{};
};

struct Selection {
  std::optional<NodeId> candidate;
  std::vector<Rejection> rejected;  // by NodeId, without the candidate
  /// False: MariaDB's replicas by file and position hold what their GTIDs do not tell before it is applied, and not all
  /// that may be chosen follow one log. The candidate is the one that was best by what is known.
  bool comparable = true;
};

Selection select_candidate(const Knowledge& knowledge, const Choice& choice);

}  // namespace sengu::health
