// Is the master gone, or only our path to it? A pure judgement over what is known (RULES §2). It never acts.
//
//   refused twice, >= 10 ms apart, every reachable witness sees it down     -> dead (process_death)
//   no reachable witness, or on_process_death = "down_after": refused for the whole of down_after
//                                                                           -> dead (process_death)
//   no byte for down_after, every reachable witness (>= 1) proved it is down -> dead (silence)
//   a witness proved that it hears the master                               -> unreachable from here
//   anything else                                                           -> undecided, with the reason
#pragma once

#include <optional>

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

enum class Finding : std::uint8_t { undecided, dead, unreachable };

struct Verdict {
  Finding finding = Finding::undecided;
  Reason reason = Reason::none;
  std::optional<NodeId> ask;  // the witness to re-handshake now
  Time look_again{};          // when the verdict may change without a new observation
};

/// Two fresh connects were refused, 10 ms or more apart. A refused connect of a client brings the next probe forward,
/// often to less.
bool refused_twice(const NodeView& master);

/// Requires knowledge.master and knowledge.suspicion.
Verdict assess(const Knowledge& knowledge, Time now);

/// A direct replica that heard the master less than down_after before sengu lost it (RULES §2.5).
bool is_witness(const Knowledge& knowledge, NodeId id);

}  // namespace sengu::health
