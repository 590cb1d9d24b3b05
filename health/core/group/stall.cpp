#include "health/core/group/stall.hpp"

#include <algorithm>

#include "health/core/group/events.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto late = 50ms;  // a step this late waits until the sockets were polled once more
constexpr auto poll_once_more = 20ms;
constexpr auto stalled_after = 1s;  // tilt (RULES §2.3)
constexpr auto tilt_at_most = 10s;  // RULES §8

void forget_evidence(const Scene& scene, NodeView& node) {
  node.silent_since = scene.now;
  node.refused.count = 0;
  node.probe.next = scene.now;
  node.stall.unseen = true;
  node.stall.was_replica = node.says(Role::replica) ? std::optional(node.info->run_id) : std::nullopt;
  node.stall.before = node.outcome == Outcome::ok ? BeforeStall::well
                      : node.alive()              ? BeforeStall::of_no_use
                                                  : BeforeStall::gone;
}

}  // namespace

void Stall::check_clock(const Scene& scene, Time due) {
  if (due == Time{} || scene.now <= due + late) return;
  if (scene.now > due + stalled_after) {
    begin(scene);
  } else if (!recheck_at_) {
    recheck_at_ = scene.now + poll_once_more;
  }
}

void Stall::begin(const Scene& scene) {
  if (!tilt_since_) emit_group(scene, EventKind::tilt, Reason::tilt);
  tilt_since_ = last_ = scene.now;
  for (NodeView& node : scene.known.nodes) forget_evidence(scene, node);
  auto& suspicion = scene.known.suspicion;
  if (suspicion) suspicion = Suspicion{scene.now, suspicion->cause, std::vector<Witness>(scene.known.nodes.size())};
}

void Stall::end_when_all_seen(const Scene& scene) {
  if (!tilt_since_) return;
  const auto& nodes = scene.known.nodes;
  const bool all_seen =
      std::all_of(nodes.begin(), nodes.end(), [&](const NodeView& node) { return node.last_asked >= *tilt_since_; });
  if (!all_seen && scene.now - *tilt_since_ < tilt_at_most) return;
  tilt_since_.reset();
  emit_group(scene, EventKind::tilt_end, Reason::none);
}

bool Stall::is_void(Time now) {
  if (!recheck_at_) return false;
  if (now < *recheck_at_) return true;
  recheck_at_.reset();
  return false;
}

/// After a stall the group waits until it saw the master and each other node that was well before, unless connects to
/// the node are refused (no server lives there). A node that is still unseen after tilt_at_most, and turns out to be a
/// master, counts as a rogue. A node that was loading or of no other use may have become well and a master meanwhile:
/// the group waits for any answer of it.
bool Stall::looks_anew(const Knowledge& known, Time now) const {
  const auto& nodes = known.nodes;
  const bool unjudged = std::any_of(nodes.begin(), nodes.end(), [](const NodeView& node) {
    return node.stall.unseen && node.outcome == Outcome::ok;
  });
  if (unjudged) return true;
  if (last_ == Time{}) return false;
  if (known.node(*known.master).stall.unseen) return true;
  if (now >= last_ + tilt_at_most) return false;
  return std::any_of(nodes.begin(), nodes.end(), [this](const NodeView& node) {
    if (!node.stall.unseen || node.refused.count != 0 || node.stall.before == BeforeStall::gone) return false;
    return node.stall.before == BeforeStall::well || node.probe.ended < last_;
  });
}

}  // namespace sengu::health
