// What people see of a group: events with Sentinel's payloads, the status, the doctor's findings.
#include <algorithm>
#include <utility>

#include "health/core/doctor/doctor.hpp"
#include "health/core/group/state.hpp"

namespace sengu::health {

void Group::State::emit(EventKind kind, std::optional<NodeId> node, Reason reason, std::string text) {
  out.send(Emit{Event{kind, node, known.record.epoch, reason, std::move(text)}});
}

std::string Group::State::instance(NodeId id) const {
  const auto address = [](const NodeView& node) {
    return node.settings->address.host + " " + std::to_string(node.settings->address.port);
  };
  const NodeView& node = known.node(id);
  if (!known.master || *known.master == id) return "master " + settings->name + " " + address(node);
  return "slave " + to_string(node.settings->address) + " " + address(node) + " @ " + settings->name + " " +
         address(known.node(*known.master));
}

namespace {

/// Sentinel's own events carry Sentinel's payload; ours "<group> <node>|- key=value...".
bool is_sentinels(EventKind kind) { return kind <= EventKind::slave; }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

}  // namespace

void Group::State::emit_node(EventKind kind, NodeId node, Reason reason, const std::string& more) {
  std::string text = is_sentinels(kind) ? instance(node) : settings->name + " " + known.node(node).settings->name;
  if (!is_sentinels(kind) && reason != Reason::none) text += " reason=" + std::string(to_string(reason));
  if (!more.empty()) text += " " + more;
  emit(kind, node, reason, std::move(text));
}

void Group::State::emit_group(EventKind kind, Reason reason, const std::string& more) {
  std::string text = known.master && is_sentinels(kind) ? instance(*known.master) : settings->name + " -";
  if (kind == EventKind::tilt) text = "#tilt mode entered " + text;
  if (kind == EventKind::tilt_end) text = "#tilt mode exited " + text;
  if (reason != Reason::none) text += " reason=" + std::string(to_string(reason));
  if (!more.empty()) text += " " + more;
  emit(kind, std::nullopt, reason, std::move(text));
}

/// A decision not taken: said once per change of its reason, not per tick.
void Group::State::refuse(Reason reason) {
  last_reason = reason;
  if (last_refused == reason) return;
  last_refused = reason;
  const Reason cause = known.suspicion ? known.suspicion->cause : Reason::none;
  std::string more = "cause=" + std::string(to_string(cause));
  if (reason == Reason::no_good_replica) more += " rejected=" + rejections(select_candidate(known, {}));
  emit_group(EventKind::failover_refused, reason, more);
}

std::string Group::State::rejections(const Selection& selection) const {
  std::vector<std::string> words;
  for (const Rejection& rejection : selection.rejected) {
    words.push_back(known.node(rejection.node).settings->name + ":" + std::string(to_string(rejection.reason)));
  }
  return joined(words);
}

void Group::State::report_route(const Route& before, const Route& after) {
  const bool was_held = published_serial && before.state == RouteState::held;
  if (after.state == RouteState::held && !was_held) emit_group(EventKind::held, after.reason);
  if (was_held && after.state != RouteState::held) {
    emit_group(EventKind::held_end, after.reason, after.master ? "master=" + known.node(*after.master).settings->name : "");
  }
}

void Group::State::end_odown() {
  if (!std::exchange(odown, false)) return;
  emit_node(EventKind::odown_end, *known.master, Reason::none);
}

/// While the old master is still ours, so that the payload names the new one as its replica, as Sentinel's does.
void Group::State::report_promoted(NodeId promoted, Reason cause) {
  emit_node(EventKind::promoted_slave, promoted, cause);
  switches.push_back(now);
  if (switches.size() > 8) switches.pop_front();
}

void Group::State::report_switch(NodeId from, NodeId to, Reason cause) {
  const auto address = [&](NodeId id) {
    const Endpoint& endpoint = known.node(id).settings->address;
    return endpoint.host + " " + std::to_string(endpoint.port);
  };
  emit(EventKind::switch_master, to, cause, settings->name + " " + address(from) + " " + address(to));
  for (std::size_t i = 0; i < size(); ++i) {
    if (node_id(i) != to) emit_node(EventKind::slave, node_id(i), Reason::none);
  }
}

/// Exact where the old process lives on: what it acknowledged beyond the point where the new master's history begins
/// (redis.md §2.3). A restarted one has another replication id: what its last probe saw beyond that point is at least lost.
void Group::State::report_lost_writes(NodeId id) {
  if (!known.master || !known.node(*known.master).info) return;
  const ServerInfo& master = *known.node(*known.master).info;
  const ServerInfo& old = *known.node(id).info;
  if (old.sql) return;   // told beside the set (report_errant)
  if (old.replid == master.replid2) {
    emit_lost_writes(id, old.offset - (master.second_offset - 1));
  } else if (old.replid2 == master.replid) {   // made a master of its own out of the present history
    emit_lost_writes(id, old.offset - (old.second_offset - 1));
  } else {
    return report_last_tail(id);
  }
  if (last_tail && last_tail->first == id) last_tail.reset();
}

void Group::State::report_last_tail(NodeId id) {
  if (!last_tail || last_tail->first != id) return;
  emit_lost_writes(id, last_tail->second, " estimate=last_probe");
  last_tail.reset();
}

void Group::State::emit_lost_writes(NodeId id, std::int64_t bytes, const std::string& how) {
  if (bytes > 0) emit_node(EventKind::lost_writes, id, Reason::switched, "bytes=" + std::to_string(bytes) + how);
}

void Group::State::report_relay_log(FailoverMachine::State before) {
  using MachineState = FailoverMachine::State;
  if (machine.state() == MachineState::applying) {
    const ServerInfo& info = *known.node(*machine.target()).info;
    const auto left = info.sql->received.without(info.sql->executed).count();
    emit_node(EventKind::applying, *machine.target(), machine.plan().cause, "transactions=" + std::to_string(left));
  } else if (before == MachineState::applying && machine.state() == MachineState::targeting) {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - machine.applying_since());
    emit_node(EventKind::applied, *machine.target(), Reason::none, "ms=" + std::to_string(waited.count()));
  }
}

/// What a master that returns has beyond the present one is lost to the clients; what another has, somebody wrote there.
void Group::State::report_errant(NodeId id, const GtidSet& before) {
  const NodeView& node = known.node(id);
  const std::string what = "transactions=" + std::to_string(node.errant.count()) + " gtids=" + node.errant.text();
  const auto& masters = known.record.past_servers;
  const bool was_master = std::find(masters.begin(), masters.end(), node.info->run_id) != masters.end();
  if (node.errant.empty()) {
    emit_node(EventKind::errant_end, id, Reason::none);
  } else if (before.empty() || !known.follows(node, *known.master)) {
    emit_node(EventKind::errant, id, Reason::none, what);
    const auto lost = node.errant.without(before);
    if (was_master) {
      emit_node(EventKind::lost_writes, id, Reason::switched,
                "transactions=" + std::to_string(lost.count()) + " gtids=" + lost.text());
    }
  }
}

void Group::State::report_deciders() {
  if (reported_deciders.empty()) return emit_group(EventKind::other_decider_end, Reason::none);
  emit_group(EventKind::other_decider, Reason::two_deciders, "deciders=" + joined(reported_deciders));
}

Health Group::State::health_of(NodeId id) const {
  const NodeView& node = known.node(id);
  if (!node.outcome) return Health::unknown;
  if (node.sdown) return Health::down;
  if (!node.alive()) return Health::suspect;
  if (node.outcome == Outcome::loading) return Health::loading;
  if (node.outcome == Outcome::busy) return Health::busy;
  if (node.outcome != Outcome::ok) return Health::unusable;
  return node.tracker.up() ? Health::up : Health::unconfirmed;
}

NodeStatus Group::State::node_status(NodeId id, Time at) const {
  const NodeView& node = known.node(id);
  NodeStatus status;
  status.health = health_of(id);
  status.last_outcome = node.outcome.value_or(Outcome::l7_timeout);
  status.since = node.since;
  status.rogue = node.rogue;
  status.text = node.text;
  if (!node.info) return status;
  status.role = node.info->role;
  status.server_id = node.info->run_id;
  status.offset = node.info->offset;
  if (known.master == id || !node.says(Role::replica)) return status;
  status.errant = node.errant.text();
  if (node.info->sql) {
    status.lag_transactions = known.history.gtids.minus(node.info->sql->executed).count();
  } else if (const auto held = received(known.history, *node.info)) {
    status.lag_bytes = std::max<std::int64_t>(0, known.history_offset - held->offset);
  }
  if (node.info->link_up && node.alive()) {
    const auto behind = node.info->sql ? node.info->sql->behind : std::nullopt;
    status.lag_seconds = static_cast<double>(behind.value_or(std::chrono::seconds(0)).count());
  } else if (node.info->link_down_for) {
    const auto deaf_since = node.info_asked - *node.info->link_down_for;
    status.lag_seconds = std::chrono::duration<double>(at - deaf_since).count();
  }
  return status;
}

/// Why a returned master is not made a replica yet.
std::string Group::State::kept_for(const NodeView& node) const {
  const auto& delay = settings->failover.rejoin_delay;
  if (!known.master || !master_view().info || now >= node.rogue_since + delay || !has_a_tail(*master_view().info, *node.info)) return {};
  const auto left = std::chrono::ceil<std::chrono::seconds>(node.rogue_since + delay - now);
  return "; its own writes are kept for " + std::to_string(left.count()) + " s more (rejoin_delay)";
}

std::vector<std::string> Group::State::findings() const {
  std::vector<std::string> findings;
  if (!journal_ok) findings.push_back("the journal cannot be written: no automatic action");
  if (damaged) findings.push_back("the journal was damaged and names no master: failover --to NODE does");
  if (tilt_since) findings.push_back("tilt: sengu itself was stalled; observing only");
  for (const NodeView& node : known.nodes) {
    const std::string& name = node.settings->name;
    if (!node.rewrite_error.empty()) {
      findings.push_back(name + ": " + node.rewrite_error + "; its configuration still names the old role");
    }
    if (node.rogue) findings.push_back(name + ": says master and is not routed" + kept_for(node));
  }
  for (std::string& finding : examine(known)) findings.push_back(std::move(finding));
  return findings;
}

GroupStatus Group::State::status(Time at) const {
  GroupStatus status;
  status.epoch = known.record.epoch;
  status.route = published.state;
  status.reason = published.reason;
  status.route_since = route_since;
  status.master = known.master;
  for (std::size_t i = 0; i < size(); ++i) status.nodes.push_back(node_status(node_id(i), at));
  Choice choice;
  choice.lost_at = at;
  Selection selection = select_candidate(known, choice);
  status.candidate = selection.candidate;
  status.rejected = std::move(selection.rejected);
  status.held_back = switched_unseen ? Reason::two_masters : why_hands_off();
  status.last_reason = last_reason;
  status.phase = to_string(machine.state());
  status.paused = paused;
  status.tilt = tilt_since.has_value();
  status.journal_ok = journal_ok && !damaged;
  status.findings = findings();
  return status;
}

}  // namespace sengu::health
