// What is put right beside the decision, while no failover runs: replicas that stray, masters that are not ours, and on MySQL what
// an earlier failover left behind and the side of semi-synchronous replication that the master has.
#pragma once

#include "health/core/group/scene.hpp"

namespace sengu::health {

class Mending {
 public:
  enum class Others : std::uint8_t { stay, are_to_follow };
  /// A change of master is over. Where a node was promoted the others are to follow it, and then +failover-end is said.
  void begin(Others others) { done_ = others == Others::stay; }
  /// The last failover's replicas all follow.
  bool done() const { return done_; }

  /// Repoints and demotes. Requires that the master is routed and nothing forbids it. `cause` is of the last change of master.
  void mend(const Scene& scene, Reason cause);

 private:
  void tell_all(const Scene& scene) const;
  bool all_follow(const Scene& scene) const;

  bool done_ = true;
};

/// MySQL: replicas whose threads a step of ours stopped are started again: a semi-synchronous master would hang. Whatever the mode:
/// this only undoes what we did ourselves.
void start_receivers(const Scene& scene);

/// MySQL: the master acknowledges its writes alone, and semi-synchronous replication can be switched on there. Requires a master.
bool lacks_semi_sync(const Knowledge& known);
/// ... and is switched on, unless it is being told so.
void switch_semi_sync_on(const Scene& scene);

}  // namespace sengu::health
