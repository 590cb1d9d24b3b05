// The doubt about the master: the suspicion against it (kept in Knowledge, since the evidence is judged over that),
// which events were said, and when the suspicion is judged again without a new observation.
#pragma once

#include <optional>

#include "health/core/group/reasons.hpp"

namespace sengu::health {

class Doubt {
 public:
  /// The connection to the master ended, or it is silent: all nodes are asked at once.
  void suspect(const Scene& scene, Reason cause);
  /// The master is in order.
  void clear(const Scene& scene, Reasons& reasons);
  /// Another master: the suspicion was against the old one.
  void forget(Knowledge& known);
  /// A replica answered: does it prove that it hears the suspect? It receives more, or a heartbeat, or its link came
  /// back after a re-handshake.
  void hear_witness(const Scene& scene, NodeId id);
  /// The master lives and the path from sengu to it is broken: says +unreachable, and again each minute.
  void report_unreachable(const Scene& scene, Reason reason);

  /// Says +odown, where the cause is that the master is gone.
  void report_odown(const Scene& scene, Reason cause);
  void end_odown(const Scene& scene);
  /// The master that +odown was said of is no longer the group's.
  void forget_odown() { odown_ = false; }

  /// The journal's master says replica: when this began.
  Time role_lost_since(Time now);
  void role_is_back() { role_lost_since_.reset(); }

  void look_again(Time at) { look_again_ = at; }
  /// None while nothing is in doubt.
  std::optional<Time> next_look(const Knowledge& known) const;

 private:
  Time look_again_{};
  std::optional<Time> unreachable_reported_;  // when +unreachable was said last; -unreachable is owed
  std::optional<Time> role_lost_since_;
  bool odown_ = false;  // +odown was said of the present master, -odown not yet
};

}  // namespace sengu::health
