#include "health/core/group/asking.hpp"

#include <algorithm>

#include "health/core/judgement/deciders.hpp"
#include "health/core/judgement/evidence.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto quick = 100ms;         // cadence for a node in doubt
constexpr auto refused_again = 11ms;  // the second refusal counts 10 ms after the first (RULES §2.2)
constexpr auto witness_poll = 5ms;
constexpr auto promote_poll = 2ms;
constexpr auto catch_up_poll = 5ms;
constexpr auto apply_poll = 20ms;
constexpr auto doubt_lasts = 300ms;  // how long witnesses are polled at witness_poll
constexpr auto after_a_step = 1s;    // how long a node that was told a step is asked at `quick`
constexpr auto shortest_wait = 1ms;

}  // namespace

void Asking::ask(const Scene& scene) const {
  Knowledge& known = scene.known;
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    NodeView& node = known.nodes[i];
    if (node.probe.running || scene.now < due(scene, node_id(i))) continue;
    node.probe.running = true;
    node.probe.next = Time::max();
    scene.out.send(Probe{node_id(i), ProbeVia::kept_connection});
  }
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    if (scene.now >= deciders_due(known.nodes[i])) ask_deciders(known, scene.out, node_id(i), Lane::patient, scene.now);
  }
}

Duration Asking::cadence(const Scene& scene, NodeId id) const {
  const NodeView& node = scene.known.node(id);
  const Duration interval = scene.settings().health.interval;
  const Duration soon = std::min<Duration>(interval, quick);
  if (machine_.state() == FailoverMachine::State::applying && machine_.target() == id) return apply_poll;
  if (const auto since = machine_.wants_observations_since()) return cadence_of_change(node, id, interval, *since);
  if (scene.known.suspicion) return cadence_in_doubt(scene, id, soon);
  const bool told_lately = node.told.done != Time{} && scene.now - node.told.done < after_a_step;
  const bool in_motion = node.replica.syncing || node.rogue.now || told_lately;
  return in_motion || (node.alive() && !node.tracker.up()) ? soon : interval;
}

Duration Asking::cadence_of_change(const NodeView& node, NodeId id, Duration interval, Time since) const {
  if (machine_.state() == FailoverMachine::State::promoting)
    return machine_.target() == id ? Duration(promote_poll) : interval;
  if (stall_.tilted()) return std::min<Duration>(interval, quick);
  return node.last_asked < since ? Duration::zero() : Duration(catch_up_poll);
}

Duration Asking::cadence_in_doubt(const Scene& scene, NodeId id, Duration soon) const {
  const Knowledge& known = scene.known;
  const NodeView& node = known.node(id);
  if (known.master == id) {
    // A dying process may still reset a connect (its listener closes last): ask again as soon as after a refusal.
    const bool young = scene.now - known.suspicion->began < doubt_lasts;
    const bool again = node.refused.count == 0 ? young : !refused_twice(node);
    return again ? Duration(refused_again) : soon;
  }
  const Witness& witness = known.suspicion->witnesses[index(id)];
  const Time doubt_since = witness.asked_actively.value_or(known.suspicion->began);
  return is_witness(known, id) && scene.now - doubt_since < doubt_lasts ? Duration(witness_poll) : soon;
}

Time Asking::due(const Scene& scene, NodeId id) const {
  const NodeView& node = scene.known.node(id);
  if (!node.outcome) return node.probe.next;
  return std::min(node.probe.next, node.last_asked + cadence(scene, id));
}

Time Asking::deadline(const Scene& scene) const {
  Time at = scene.now + scene.settings().health.interval;
  const auto sooner = [&](Time candidate) {
    if (candidate > scene.now) at = std::min(at, candidate);
  };
  for (std::size_t i = 0; i < scene.known.nodes.size(); ++i) {
    if (!scene.known.nodes[i].probe.running) sooner(std::max(due(scene, node_id(i)), scene.now + shortest_wait));
  }
  if (const auto look = doubt_.next_look(scene.known)) sooner(*look);
  if (machine_.active()) sooner(machine_.deadline());
  if (machine_.wants_observations_since()) sooner(scene.now + promote_poll);
  if (const auto recheck = stall_.recheck_at()) sooner(*recheck);
  return at;
}

}  // namespace sengu::health
