#include "health/core/group/doubt.hpp"

#include <utility>

#include "health/core/group/events.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto alarm_repeats = 1min;  // RULES §2.6

}  // namespace

void Doubt::suspect(const Scene& scene, Reason cause) {
  Knowledge& known = scene.known;
  if (cause == Reason::connection_lost) known.master_verified = false;
  if (known.suspicion) {
    if (cause == Reason::connection_lost) known.suspicion->cause = cause;
    return;
  }
  known.suspicion = Suspicion{scene.now, cause, std::vector<Witness>(known.nodes.size())};
  look_again_ = scene.now;
  for (NodeView& node : known.nodes) node.probe.next = scene.now;
}

void Doubt::clear(const Scene& scene, Reasons& reasons) {
  if (!scene.known.suspicion) return;
  if (std::exchange(unreachable_reported_, std::nullopt)) {
    emit_node(scene, EventKind::unreachable_end, *scene.known.master, Reason::master_ok);
  }
  scene.known.suspicion.reset();
  reasons.refused = Reason::none;
  end_odown(scene);
}

void Doubt::forget(Knowledge& known) {
  known.suspicion.reset();
  unreachable_reported_.reset();
  role_lost_since_.reset();
}

void Doubt::hear_witness(const Scene& scene, NodeId id) {
  Suspicion& suspicion = *scene.known.suspicion;
  Witness& witness = suspicion.witnesses[index(id)];
  const NodeView& node = scene.known.node(id);
  if (node.info_asked < suspicion.began) return;
  if (!node.info->link_up || !scene.known.follows_directly(node, *scene.known.master)) {
    witness.hears.reset();
    return;
  }
  const bool grows = witness.progress && node.info->progress() > *witness.progress;
  const bool came_back = witness.rehandshaken && node.info_asked >= *witness.rehandshaken;
  if (grows || came_back) witness.hears = node.info_asked;
  // Growth that was seen before our own CLIENT KILL took effect does not end the question: the link is about to go
  // down.
  if (came_back) {
    witness.asked_actively.reset();
    witness.rehandshaken.reset();
  }
  witness.progress = node.info->progress();
}

void Doubt::report_unreachable(const Scene& scene, Reason reason) {
  if (unreachable_reported_ && scene.now - *unreachable_reported_ < alarm_repeats) return;
  unreachable_reported_ = scene.now;
  emit_node(scene, EventKind::unreachable, *scene.known.master, reason);
}

void Doubt::report_odown(const Scene& scene, Reason cause) {
  odown_ = cause == Reason::process_death || cause == Reason::silence || cause == Reason::resumed;
  if (odown_) emit_node(scene, EventKind::odown, *scene.known.master, cause, "#quorum 1/1");
}

void Doubt::end_odown(const Scene& scene) {
  if (std::exchange(odown_, false)) emit_node(scene, EventKind::odown_end, *scene.known.master, Reason::none);
}

Time Doubt::role_lost_since(Time now) {
  if (!role_lost_since_) role_lost_since_ = now;
  return *role_lost_since_;
}

std::optional<Time> Doubt::next_look(const Knowledge& known) const {
  return known.suspicion || role_lost_since_ ? std::optional(look_again_) : std::nullopt;
}

}  // namespace sengu::health
