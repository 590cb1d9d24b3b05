// When each node is probed, and when the group is to be woken. Decides nothing: a node in doubt is probed more often.
#pragma once

#include "health/core/change/failover.hpp"
#include "health/core/group/doubt.hpp"
#include "health/core/group/stall.hpp"

namespace sengu::health {

class Asking {
 public:
  Asking(const FailoverMachine& machine, const Stall& stall, const Doubt& doubt)
      : machine_(machine), stall_(stall), doubt_(doubt) {}

  /// Sends the probes that are due, and the questions for other deciders.
  void ask(const Scene& scene) const;
  /// When the group is to be woken at the latest.
  Time deadline(const Scene& scene) const;

 private:
  Duration cadence(const Scene& scene, NodeId id) const;
  Duration cadence_of_change(const NodeView& node, NodeId id, Duration interval, Time since) const;
  Duration cadence_in_doubt(const Scene& scene, NodeId id, Duration soon) const;
  Time due(const Scene& scene, NodeId id) const;

  const FailoverMachine& machine_;
  const Stall& stall_;
  const Doubt& doubt_;
};

}  // namespace sengu::health
