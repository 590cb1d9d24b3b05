#include "health/core/group/mending.hpp"

#include <algorithm>

#include "health/core/change/tell.hpp"
#include "health/core/group/events.hpp"
#include "health/core/judgement/copies.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

/// Once no node follows a demoted master any more, a chain below it is one that people set up.
void forget_left_replicas(Knowledge& known) {
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    const auto follows_it = [&](const NodeView& node) { return known.master_of(node) == node_id(i); };
    if (std::none_of(known.nodes.begin(), known.nodes.end(), follows_it)) known.nodes[i].replica.left_in_chain = false;
  }
}

/// May the threads of this replica be started again?
bool is_to_be_started(const Scene& scene, NodeView& node) {
  if (!node.replica.stopped_by_us || node.told.step || node.outcome != Outcome::ok || !node.info->sql) return false;
  if (node.info_asked < node.told.done || scene.now < node.told.retry) return false;  // not seen since it was told
  if (node.says(Role::master) || node.info->master.host.empty()) {
    node.replica.stopped_by_us = false;
    return false;
  }
  const Knowledge& known = scene.known;
  if (!known.follows(node, *known.master)) return false;  // to be repointed
  // Its source has become a replica of the new master: a node in quarantine would join through it after all.
  const bool through_another = !known.follows_directly(node, *known.master);
  return !through_another || errant(known.history, *node.info).empty();
}

}  // namespace

void Mending::carry_out(const Scene& scene, const std::vector<Repair>& repairs) const {
  const Endpoint target = scene.master().settings->replication_address;
  for (const Repair& repair : repairs) {
    NodeView& node = scene.known.node(repair.node);
    node.replica.stopped_by_us = scene.rules().steps_stop_replication;  // until it is seen to replicate
    RunStep step{repair.node, repair.step, target, scene.settings().failover.step_timeout};
    step.pause = was_master_before(scene.known, node) ? fence_pause(scene.settings()) : 0ms;
    if (node.copy.welcome) step.loss = LossPolicy::accept_loss;
    step.tls = scene.known.replication_tls;
    tell(scene.known, scene.out, step);
  }
}

bool Mending::all_follow(const Scene& scene) const {
  const Knowledge& known = scene.known;
  return std::all_of(known.nodes.begin(), known.nodes.end(), [&](const NodeView& node) {
    if (&node == &scene.master() || !node.alive()) return true;
    const bool quarantined = node.says(Role::replica) && !node.replica.errant.empty();
    return quarantined || is_stranger(known, node) || (node.says(Role::replica) && !strays(known, node, scene.now));
  });
}

void Mending::mend(const Scene& scene, Reason cause) {
  carry_out(scene, find_repairs(scene.known, scene.now));
  forget_left_replicas(scene.known);
  if (done_ || !all_follow(scene)) return;
  done_ = true;
  emit_node(scene, EventKind::failover_end, *scene.known.master, cause);
}

void Mending::take_in(const Scene& scene) const {
  std::vector<Repair> repairs = find_repairs(scene.known, scene.now);
  std::erase_if(repairs, [&](const Repair& repair) { return !scene.known.node(repair.node).copy.welcome; });
  carry_out(scene, repairs);
}

void start_receivers(const Scene& scene) {
  for (std::size_t i = 0; i < scene.known.nodes.size(); ++i) {
    NodeView& node = scene.known.nodes[i];
    if (!is_to_be_started(scene, node)) continue;
    // A repoint that ended halfway leaves both threads stopped: tell the node once more to follow the node that it
    // follows.
    const Step step = node.info->sql->applying ? Step::start_receiving : Step::repoint;
    tell(scene.known, scene.out, RunStep{node_id(i), step, node.info->master, scene.settings().failover.step_timeout});
  }
}

/// A master that restarted without a failover has lost the flag (orchestrator#1270), and would acknowledge the group's
/// writes alone. No new client is let in until the flag is on. Where it cannot be switched on, the doctor says so and
/// clients are let in.
bool lacks_semi_sync(const Knowledge& known) {
  constexpr int tries = 3;
  if (known.settings->semi_sync != config::SemiSync::automatic || !known.master_verified) return false;
  const NodeView& master = known.node(*known.master);
  if (!master.says(Role::master) || !master.info->sql || master.told.failures >= tries) return false;
  return master.info->sql->semi_sync_replica == SemiSync::on && master.info->sql->semi_sync_source == SemiSync::off;
}

void switch_semi_sync_on(const Scene& scene) {
  const NodeView& master = scene.master();
  const bool told = master.told.step || master.info_asked < master.told.done;
  if (told || (master.told.failures > 0 && scene.now < master.told.retry)) return;
  tell(scene.known, scene.out,
       RunStep{*scene.known.master, Step::semi_sync_on, {}, scene.settings().failover.step_timeout});
}

}  // namespace sengu::health
