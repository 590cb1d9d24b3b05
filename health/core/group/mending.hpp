// What is put right beside the decision, while no failover runs: replicas that stray, masters that are not ours, and on
// MySQL what an earlier failover left behind and the side of semi-synchronous replication that the master has.
#pragma once

#include <vector>

#include "health/core/group/scene.hpp"
#include "health/core/judgement/repairs.hpp"

namespace sengu::health {

class Mending {
 public:
  enum class Others : std::uint8_t { stay, are_to_follow };
  /// A change of master is over. Where a node was promoted the other nodes are to follow it, and after that
  /// +failover-end is said.
  void begin(Others others) { done_ = others == Others::stay; }
  /// True once all replicas follow the node that was promoted last.
  bool done() const { return done_; }

  /// Repoints and demotes. Requires that the master is routed and nothing forbids it. `cause` is of the last change of
  /// master.
  void mend(const Scene& scene, Reason cause);
  /// Only what the operator ordered: nodes that are to follow whatever they hold.
  void take_in(const Scene& scene) const;

 private:
  void carry_out(const Scene& scene, const std::vector<Repair>& repairs) const;
  bool all_follow(const Scene& scene) const;

  bool done_ = true;
};

/// MySQL: starts the threads of replicas that a step of ours stopped: a semi-synchronous master would hang. In every
/// mode, since it only undoes what sengu did itself.
void start_receivers(const Scene& scene);

/// MySQL: the master waits for no replica, although semi-synchronous replication can be switched on there. Requires a
/// master.
bool lacks_semi_sync(const Knowledge& known);
/// Switches it on, unless that step is under way.
void switch_semi_sync_on(const Scene& scene);

}  // namespace sengu::health
