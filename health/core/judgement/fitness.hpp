// Could a node serve as a master, and can it be made one? What it holds is judged elsewhere (copies, history): of two
// that hold as much the one that can serve is chosen, and one that holds more is asked although it may refuse
// (RULES §5.3). Pure.
#pragma once

#include <string>

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

/// What would keep the node from serving its clients if it were master now, for people ("offline_mode is ON"); empty:
/// nothing is known. It ranks last among those that hold as much.
std::string why_it_could_not_serve(const Knowledge& known, const NodeView& node);

/// What makes a promotion of the node impossible, for people ("cluster-enabled is yes"); empty: nothing is known. It is
/// never chosen.
std::string why_it_cannot_be_promoted(const NodeView& node);

/// Redis: the node's maxmemory lets in less than the master's, so that data which the master holds may not fit it.
/// False where either is not known, and for the master.
bool has_less_room(const Knowledge& known, const NodeView& node);

}  // namespace sengu::health
