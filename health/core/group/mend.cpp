// What is put right beside the decision, while no failover runs: replicas that stray, masters that are not ours, and on MySQL
// what an earlier failover left behind and the side of semi-synchronous replication that the master has.
#include <algorithm>

#include "health/core/group/state.hpp"

namespace sengu::health {

/// Once nobody follows a demoted master any more, a chain below it is somebody's wish.
void Group::State::forget_left_replicas() {
  for (std::size_t i = 0; i < size(); ++i) {
    const auto follows_it = [&](const NodeView& node) { return known.master_of(node) == node_id(i); };
    if (std::none_of(known.nodes.begin(), known.nodes.end(), follows_it)) known.nodes[i].left_replicas = false;
  }
}

/// MySQL: a failover that was given up left them stopped; a semi-synchronous master would hang. Whatever the mode: this only
/// undoes what we did ourselves.
void Group::State::start_receivers() {
  if (tilt_since || !known.master) return;
  for (std::size_t i = 0; i < size(); ++i) {
    NodeView& node = known.nodes[i];
    if (!node.stopped_by_us || node.step || node.outcome != Outcome::ok || !node.info->sql) continue;
    if (node.info_asked < node.step_done || now < node.step_retry) continue;   // not seen since it was told
    if (node.says(Role::master) || node.info->master.host.empty()) {
      node.stopped_by_us = false;
      continue;
    }
    if (!known.follows(node, *known.master)) continue;   // to be repointed
    // Its source has become a replica of the new master: through it, what is quarantined would join after all.
    const bool through_another = !known.follows_directly(node, *known.master);
    if (through_another && !errant(known.history, *node.info).empty()) continue;
    // Both threads are stopped where a repoint ended halfway: as if it were told anew to follow whom it follows.
    node.step = node.info->sql->applying ? Step::start_receiving : Step::repoint;
    out.send(RunStep{node_id(i), *node.step, node.info->master, settings->failover.step_timeout});
  }
}

/// A master that restarted without a failover has lost the flag (orchestrator#1270), and the group's writes would be
/// acknowledged by it alone. Nobody new is let in until it is on; but where it cannot be switched on, that is only a finding.
bool Group::State::awaits_semi_sync() const {
  constexpr int tries = 3;
  if (settings->semi_sync != config::SemiSync::automatic || !known.master_verified || why_hands_off() != Reason::none) return false;
  const NodeView& master = master_view();
  if (!master.says(Role::master) || !master.info->sql || master.step_failures >= tries) return false;
  return master.info->sql->semi_sync_replica == SemiSync::on && master.info->sql->semi_sync_source == SemiSync::off;
}

void Group::State::switch_semi_sync_on() {
  if (!known.master || known.suspicion || !awaits_semi_sync()) return;
  NodeView& master = master_view();
  const bool told = master.step || master.info_asked < master.step_done;
  if (told || (master.step_failures > 0 && now < master.step_retry)) return;
  master.step = Step::semi_sync_on;
  out.send(RunStep{*known.master, Step::semi_sync_on, {}, settings->failover.step_timeout});
}

void Group::State::mend() {
  if (!known.master || !known.master_verified || known.suspicion || known.record.phase != Phase::steady) return;
  if (published.state != RouteState::open || tilt_since || switched_unseen) return;
  // What the operator began is carried to its end also where nothing is done unasked.
  const bool operators_own = !mended && last_cause == Reason::operator_request;
  const Reason hands_off = why_hands_off();
  const bool unasked_only = hands_off == Reason::paused || hands_off == Reason::manual_mode ||
                            hands_off == Reason::observe_mode || hands_off == Reason::two_deciders;
  if (hands_off != Reason::none && !(unasked_only && operators_own)) return;
  const Endpoint target = master_view().settings->replication_address;
  for (const Repair& repair : find_repairs(known, now)) {
    known.node(repair.node).step = repair.step;
    known.node(repair.node).stopped_by_us = settings->kind == config::Kind::mysql;   // until it is seen to replicate
    out.send(RunStep{repair.node, repair.step, target, settings->failover.step_timeout, {}});
  }
  forget_left_replicas();
  if (mended) return;
  const bool all_follow = std::all_of(known.nodes.begin(), known.nodes.end(), [&](const NodeView& node) {
    const bool quarantined = node.says(Role::replica) && !node.errant.empty();
    return &node == &master_view() || !node.alive() || quarantined || (node.says(Role::replica) && !strays(known, node, now));
  });
  if (!all_follow) return;
  mended = true;
  emit_node(EventKind::failover_end, *known.master, last_cause);
}

}  // namespace sengu::health
