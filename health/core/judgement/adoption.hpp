// May a node be taken as master as it was found, without a failover? (RULES §7.1) Pure.
#pragma once

#include <optional>

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

struct Adoption {
  std::optional<NodeId> master;  // to be adopted, or none
  Reason reason = Reason::none;  // why none is
};

/// Only if every configured node was observed, one alone says master, all others name it (directly or through a
/// chain), and its history contains the journal's. MySQL: a master that was made read-only by itself need not name it.
Adoption find_adoptable(const Knowledge& knowledge);

}  // namespace sengu::health
