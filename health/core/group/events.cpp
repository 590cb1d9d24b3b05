#include "health/core/group/events.hpp"

#include <algorithm>
#include <utility>

namespace sengu::health {

namespace {

std::string address_of(const Knowledge& known, NodeId id) {
  const Endpoint& address = known.node(id).settings->address;
  return address.host + " " + std::to_string(address.port);
}

/// Sentinel's "<type> <name> <ip> <port>[ @ <master> <ip> <port>]".
std::string instance(const Knowledge& known, NodeId id) {
  const std::string& group = known.settings->name;
  if (!known.master || *known.master == id) return "master " + group + " " + address_of(known, id);
  return "slave " + to_string(known.node(id).settings->address) + " " + address_of(known, id) + " @ " + group + " " +
         address_of(known, *known.master);
}

/// Sentinel's own events carry Sentinel's payload; ours "<group> <node>|- key=value...".
bool is_sentinels(EventKind kind) { return kind <= EventKind::slave; }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

void emit(const Scene& scene, EventKind kind, std::optional<NodeId> node, Reason reason, std::string text,
          LostWrites lost = {}) {
  scene.out.send(Emit{Event{kind, node, scene.known.record.epoch, reason, std::move(text), lost}});
}

std::string node_text(const Scene& scene, EventKind kind, NodeId node, Reason reason, const std::string& more) {
  std::string text = is_sentinels(kind) ? instance(scene.known, node)
                                        : scene.settings().name + " " + scene.known.node(node).settings->name;
  if (!is_sentinels(kind) && reason != Reason::none) text += " reason=" + std::string(to_string(reason));
  return more.empty() ? text : text + " " + more;
}

std::string transactions_text(const GtidSet& set) {
  return "transactions=" + std::to_string(set.count()) + " gtids=" + set.text();
}

}  // namespace

void emit_node(const Scene& scene, EventKind kind, NodeId node, Reason reason, const std::string& more) {
  emit(scene, kind, node, reason, node_text(scene, kind, node, reason, more));
}

void emit_group(const Scene& scene, EventKind kind, Reason reason, const std::string& more) {
  const Knowledge& known = scene.known;
  std::string text = known.master && is_sentinels(kind) ? instance(known, *known.master) : scene.settings().name + " -";
  if (kind == EventKind::tilt) text = "#tilt mode entered " + text;
  if (kind == EventKind::tilt_end) text = "#tilt mode exited " + text;
  if (reason != Reason::none) text += " reason=" + std::string(to_string(reason));
  if (!more.empty()) text += " " + more;
  emit(scene, kind, std::nullopt, reason, std::move(text));
}

void emit_lost_writes(const Scene& scene, NodeId node, const LostWrites& lost, const std::string& more) {
  constexpr auto kind = EventKind::lost_writes;
  emit(scene, kind, node, Reason::switched, node_text(scene, kind, node, Reason::switched, more), lost);
}

std::string rejections(const Knowledge& known, const Selection& selection) {
  std::vector<std::string> words;
  for (const Rejection& rejection : selection.rejected) {
    words.push_back(known.node(rejection.node).settings->name + ":" + std::string(to_string(rejection.reason)));
  }
  return joined(words);
}

void set_sdown(const Scene& scene, NodeId id) {
  NodeView& node = scene.known.node(id);
  if (node.shown.sdown) return;
  node.shown.sdown = true;
  node.shown.unusable = false;
  node.shown.since = scene.now;
  if (node.tracker.up()) node.tracker.force_down();
  emit_node(scene, EventKind::sdown, id, node.refused.count > 0 ? Reason::connection_lost : Reason::silence);
}

void report_promoted(const Scene& scene, NodeId promoted, Reason cause) {
  emit_node(scene, EventKind::promoted_slave, promoted, cause);
}

void report_switch(const Scene& scene, NodeId from, NodeId to, Reason cause) {
  const Knowledge& known = scene.known;
  emit(scene, EventKind::switch_master, to, cause,
       scene.settings().name + " " + address_of(known, from) + " " + address_of(known, to));
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    if (node_id(i) != to) emit_node(scene, EventKind::slave, node_id(i), Reason::none);
  }
}

void report_route(const Scene& scene, std::optional<RouteState> before, const Route& after) {
  const bool was_held = before == RouteState::held;
  if (after.state == RouteState::held && !was_held) emit_group(scene, EventKind::held, after.reason);
  if (!was_held || after.state == RouteState::held) return;
  emit_group(scene, EventKind::held_end, after.reason,
             after.master ? "master=" + scene.known.node(*after.master).settings->name : "");
}

/// A returned master's extra transactions are lost to the clients; those of another node were written there by a
/// client.
void report_errant(const Scene& scene, NodeId id, const GtidSet& before) {
  const Knowledge& known = scene.known;
  const NodeView& node = known.node(id);
  const GtidSet& errant = node.replica.errant;
  if (errant.empty()) return emit_node(scene, EventKind::errant_end, id, Reason::none);
  if (!before.empty() && known.follows(node, *known.master)) return;
  emit_node(scene, EventKind::errant, id, Reason::none, transactions_text(errant));
  const auto& masters = known.record.past_servers;
  if (std::find(masters.begin(), masters.end(), node.info->run_id) == masters.end()) return;
  const GtidSet lost = errant.without(before);
  emit_lost_writes(scene, id, {0, static_cast<std::uint64_t>(lost.count())}, transactions_text(lost));
}

void report_deciders(const Scene& scene, const std::vector<std::string>& deciders) {
  if (deciders.empty()) return emit_group(scene, EventKind::other_decider_end, Reason::none);
  emit_group(scene, EventKind::other_decider, Reason::two_deciders, "deciders=" + joined(deciders));
}

}  // namespace sengu::health
