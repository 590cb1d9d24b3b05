#include "health/core/group/status.hpp"

#include <algorithm>
#include <utility>

#include "health/core/doctor/doctor.hpp"
#include "health/core/group/permission.hpp"
#include "health/core/group/waiting.hpp"
#include "health/core/judgement/read_only.hpp"

namespace sengu::health {

namespace {

Health health_of(const NodeView& node) {
  if (!node.outcome) return Health::unknown;
  if (node.shown.sdown) return Health::down;
  if (!node.alive()) return Health::suspect;
  if (node.outcome == Outcome::loading) return Health::loading;
  if (node.outcome == Outcome::busy) return Health::busy;
  if (node.outcome != Outcome::ok) return Health::unusable;
  return node.tracker.up() ? Health::up : Health::unconfirmed;
}

void add_lag(NodeStatus& status, const Knowledge& known, const NodeView& node, Time at) {
  const ServerInfo& info = *node.info;
  status.errant = node.replica.errant.text();
  if (info.sql) {
    status.lag_transactions = known.history.gtids.minus(info.sql->executed).count();
  } else if (const auto held = received(known.history, info)) {
    status.lag_bytes = std::max<std::int64_t>(0, known.history_offset - held->offset);
  }
  if (info.link_up && node.alive()) {
    const auto behind = info.sql ? info.sql->behind : std::nullopt;
    status.lag_seconds = static_cast<double>(behind.value_or(std::chrono::seconds(0)).count());
  } else if (info.link_down_for) {
    const auto deaf_since = node.info_asked - *info.link_down_for;
    status.lag_seconds = std::chrono::duration<double>(at - deaf_since).count();
  }
}

NodeStatus status_of_node(const Knowledge& known, NodeId id, Time at) {
  const NodeView& node = known.node(id);
  NodeStatus status;
  status.health = health_of(node);
  status.last_outcome = node.outcome.value_or(Outcome::l7_timeout);
  status.since = node.shown.since;
  status.rogue = node.rogue.now;
  status.text = node.text;
  if (!node.info) return status;
  status.role = node.info->role;
  status.server_id = node.info->run_id;
  status.offset = node.info->offset;
  if (known.master != id && node.says(Role::replica)) add_lag(status, known, node, at);
  return status;
}

/// Why a returned master is not made a replica yet.
std::string kept_for(const GroupState& group, const NodeView& node) {
  const Knowledge& known = group.known;
  if (!known.master || !known.node(*known.master).info) return {};
  const Time until = node.rogue.since + group.settings().failover.rejoin_delay;
  if (group.now >= until || !has_a_tail(*known.node(*known.master).info, *node.info)) return {};
  const auto left = std::chrono::ceil<std::chrono::seconds>(until - group.now);
  return "; its own writes are kept for " + std::to_string(left.count()) + " s more (rejoin_delay)";
}

/// What ends the wish of a person who made the master read-only.
void tell_read_only(const Knowledge& known, std::vector<std::string>& findings) {
  if (read_only_master(known) != ReadOnly::by_hand) return;
  const std::string& name = known.node(*known.master).settings->name;
  findings.push_back(
      name + ": read_only was set on it by hand, and sengu leaves it so: SET GLOBAL read_only=OFF, or failover " +
      known.settings->name + " --to " + name + ", takes it back; failover " + known.settings->name + " moves the role");
}

std::vector<std::string> findings_of(const GroupState& group) {
  std::vector<std::string> findings;
  if (!group.journal.writable()) findings.push_back("the journal cannot be written: no automatic action");
  if (group.journal.damaged())
    findings.push_back("the journal was damaged and names no master: failover --to NODE does");
  if (group.stall.tilted()) findings.push_back("tilt: sengu itself was stalled; observing only");
  if (std::string waits = what_is_waited_for(group); !waits.empty()) findings.push_back(std::move(waits));
  for (const NodeView& node : group.known.nodes) {
    const std::string& name = node.settings->name;
    const std::string& error = node.told.rewrite_error;
    if (!error.empty()) findings.push_back(name + ": " + error + "; its configuration still names the old role");
    if (node.rogue.now) findings.push_back(name + ": says master and is not routed" + kept_for(group, node));
  }
  tell_read_only(group.known, findings);
  for (std::string& finding : examine(group.known)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace

GroupStatus status_of(const GroupState& group, Time at) {
  GroupStatus status;
  status.epoch = group.known.record.epoch;
  status.route = group.routing.published().state;
  status.reason = group.routing.published().reason;
  status.route_since = group.routing.since();
  status.master = group.known.master;
  for (std::size_t i = 0; i < group.known.nodes.size(); ++i)
    status.nodes.push_back(status_of_node(group.known, node_id(i), at));
  Choice choice;
  choice.lost_at = at;
  Selection selection = select_candidate(group.known, choice);
  status.candidate = selection.candidate;
  status.rejected = std::move(selection.rejected);
  status.held_back = group.switched_unseen ? Reason::two_masters : why_hands_off(group);
  status.last_reason = group.reasons.last;
  status.phase = to_string(group.machine.state());
  status.paused = group.paused;
  status.tilt = group.stall.tilted();
  status.journal_ok = group.journal.writable() && !group.journal.damaged();
  status.findings = findings_of(group);
  return status;
}

}  // namespace sengu::health
