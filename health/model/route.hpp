// Where a group's clients go at this moment: the one thing the decision publishes to the data plane.
#pragma once

#include <optional>
#include <vector>

#include "health/model/observation.hpp"
#include "health/model/reason.hpp"

namespace sengu::health {

enum class RouteState : std::uint8_t { open, held, closed };
std::string_view to_string(RouteState state);

/// Readers of one node. A session keeps the generation that it began with; a change of the generation cuts it.
struct ReaderState {
  std::uint32_t generation = 0;  // changes with the node's role or server; 0 = no reader may stay
  bool accepts = false;          // takes new readers now
  auto operator<=>(const ReaderState&) const = default;
};

struct Route {
  RouteState state = RouteState::closed;
  Epoch epoch = 0;
  Reason reason = Reason::starting;
  std::optional<NodeId> master;      // set where state is open
  Epoch live = 0;                    // sessions to the master of this epoch may go on; 0 = none: they are cut
  bool suspended = false;            // ... but pass no byte for now: sengu was stalled, and asks anew for the master
  std::vector<ReaderState> readers;  // by NodeId
  bool operator==(const Route&) const = default;
};

}  // namespace sengu::health
