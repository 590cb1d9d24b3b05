// What happened to the group's nodes: observations, lost connections, finished steps. Changes what is known; decides
// nothing.
#include <algorithm>
#include <utility>

#include "health/core/change/record.hpp"
#include "health/core/group/copies.hpp"
#include "health/core/group/events.hpp"
#include "health/core/group/schedule.hpp"
#include "health/core/group/state.hpp"
#include "health/core/judgement/copies.hpp"
#include "health/core/judgement/deciders.hpp"
#include "health/core/judgement/repairs.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto ask_again = 20ms;    // a node whose answer could not be judged
constexpr auto step_pause = 100ms;  // after a failed step, doubled each time
constexpr auto longest_step_pause = 30s;
constexpr int most_step_doublings = 10;

/// An IO thread that lost its source tries again for ever. So one that does not run although its last error is of the
/// connection (2003, 2013) was stopped. (Found on real servers: the error stays after the master's death, and the
/// thread was never started again.)
bool is_connection_error(std::string_view error) {
  return error.size() > 4 && error.starts_with('2') && error[4] == ' ';
}

/// The replica's IO thread was stopped by a statement, not by an error.
bool is_stopped(const ServerInfo& info) {
  if (!info.sql || info.master.host.empty() || info.sql->receiving) return false;
  return info.sql->receive_error.empty() || is_connection_error(info.sql->receive_error);
}

/// Only the IO thread is stopped, as a failover of sengu leaves a replica; people stop both threads. An earlier run may
/// have ended after the journal said that all was done, or lost its journal. (Found by the simulator: the replica
/// stayed stopped, and a semi-sync master hung.)
bool only_receiving_is_stopped(const ServerInfo& info) {
  return is_stopped(info) && (info.sql->applying || !info.sql->apply_error.empty());
}

/// A promotion that was given up after it had made the replica writable: people who stop both threads leave it
/// read-only.
bool is_half_promoted(const ServerInfo& info) {
  return is_stopped(info) && !info.sql->applying && info.sql->apply_error.empty() && !info.read_only;
}

/// The probe failed for want of sengu's own resources, which is no evidence: the node's silence counts anew, as after a
/// stall. What was known holds; the next probe tries again.
void take_shortage(NodeView& node, const Observation& seen, Time now) {
  if (!node.outcome) node.outcome = seen.outcome;
  node.text = seen.text;
  node.silent_since = now;
  node.probe.next = now + ask_again;
}

/// An unusable answer raises its own alarm, and is no reason to call the node dead (RULES §2.1). If it dies, +sdown
/// follows.
void watch_use(const Scene& scene, NodeId id) {
  NodeView& node = scene.known.node(id);
  const bool unusable = node.outcome != Outcome::ok;
  if (unusable == node.shown.unusable) return;
  node.shown.unusable = unusable;
  const std::string what =
      "outcome=" + std::string(to_string(*node.outcome)) + (node.text.empty() ? "" : " " + node.text);
  emit_node(scene, unusable ? EventKind::unusable : EventKind::unusable_end, id, Reason::none, unusable ? what : "");
}

void take_life(const Scene& scene, NodeId id, Time answered) {
  NodeView& node = scene.known.node(id);
  node.last_reply = answered;
  node.silent_since = answered;
  node.refused.count = 0;
  if (!node.shown.sdown) return;
  node.shown.sdown = false;
  node.shown.since = scene.now;
  emit_node(scene, EventKind::sdown_end, id, Reason::none);
}

void take_failure(const Scene& scene, NodeId id, const Observation& seen) {
  NodeView& node = scene.known.node(id);
  if (seen.outcome == Outcome::l4_refused) {
    if (node.refused.count++ == 0) node.refused.first = seen.answered;
    node.refused.last = seen.answered;
  } else {
    node.refused.count = 0;
  }
  if (node.tracker.bad() == Transition::went_down) node.shown.since = scene.now;
  if (node.refused.count >= 2) set_sdown(scene, id);
}

void report_reboot(const Scene& scene, NodeId id) {
  NodeView& node = scene.known.node(id);
  node.tracker.force_down();
  node.told.refused_promotion.reset();
  emit_node(scene, EventKind::reboot, id, Reason::none);
}

void report_role(const Scene& scene, NodeId id, Role role) {
  const bool expected = (scene.known.master == id) == (role == Role::master);
  emit_node(scene, expected ? EventKind::role_change : EventKind::role_unexpected, id, Reason::none,
            "new reported role is " + std::string(role == Role::master ? "master" : "slave"));
  if (role == Role::replica) emit_node(scene, EventKind::convert_to_slave, id, Reason::none);
}

void take_loading(NodeView& node, Time now) {
  if (node.info->loading) {
    if (!node.shown.loading_since) node.shown.loading_since = now;
    node.outcome = Outcome::loading;
    node.tracker.force_down();
  } else {
    node.shown.loading_since.reset();
    if (node.tracker.good() == Transition::went_up) node.shown.since = now;
  }
}

void take_link(const Scene& scene, NodeId id) {
  NodeView& node = scene.known.node(id);
  if (!scene.known.follows_directly(node, *scene.known.master) || !node.info->link_up) return;
  if (node.info->sql) scene.known.replication_tls = node.info->sql->source_tls;
  node.replica.heard_master = node.info_asked;
  if (!node.replica.syncing || node.info_asked < node.told.done) return;
  node.replica.syncing = false;
  emit_node(scene, EventKind::slave_reconf_done, id, Reason::none);
}

/// The node was made a master by another hand: the same process was a replica when last asked, or it went on from the
/// group's history with writes of its own. Not so for the master that ours was promoted from, nor for one that
/// restarted without its `replicaof` (Redis 7 keeps the replication id of its RDB as the second one).
bool was_promoted_unseen(const NodeView& node, const History& history) {
  if (node.stall.was_replica == node.info->run_id) return true;
  return left_history(*node.info, history);
}

/// Redis gives a master without a backlog a new replication id when its first replica attaches: same server, same data.
/// The journal takes the new id, or a later run would know no candidate. On MySQL the journal names the source whose
/// transactions go on.
void follow_history(GroupState& group, const ServerInfo& master) {
  Knowledge& known = group.known;
  if (!master.sql && known.history.replid == master.replid && known.record.replid == master.replid) return;
  known.history = history_of(master);
  if (master.sql || known.record.phase != Phase::steady || group.machine.active()) return;
  record_history(known, master);
  write_record(known, group.out);
}

/// The same process that the operator's failover replaced as master: it is about to be demoted, and no reason for an
/// alarm. Redis only: on MySQL the fence has made it read-only, and one that is writable is a reason.
bool was_just_replaced(const GroupState& group, const NodeView& node) {
  const bool by_order = group.reasons.cause == Reason::operator_request && !group.mending.done();
  if (!by_order || node.info->sql || !was_master_before(group.known, node)) return false;
  return group.settings().failover.rejoin_delay == 0ms ||
         !has_a_tail(*group.known.node(*group.known.master).info, *node.info);
}

void take_done(const Scene& scene, const StepDone& done) {
  NodeView& node = scene.known.node(done.node);
  constexpr std::string_view rewrite = "CONFIG REWRITE";
  const auto at = done.text.find(rewrite);  // behind what else went wrong
  node.told.rewrite_error = at == std::string::npos ? std::string() : done.text.substr(at);
  if (done.step == Step::rehandshake && scene.known.suspicion) {
    scene.known.suspicion->witnesses[index(done.node)].rehandshaken = scene.now;
  }
  if (done.step == Step::repoint) {
    node.replica.syncing = true;
    node.replica.repointed = scene.now;
    emit_node(scene, EventKind::slave_reconf_sent, done.node, Reason::none);
  }
  if (done.step == Step::demote || done.step == Step::demote_emptied) node.replica.left_in_chain = true;
  node.told.failures = 0;
  node.told.error.clear();
  node.told.retry = scene.now + scene.settings().health.interval / 5;
}

void take_step_failure(const Scene& scene, const StepDone& done) {
  NodeView& node = scene.known.node(done.node);
  const int doublings = std::min(node.told.failures++, most_step_doublings);
  node.told.retry = scene.now + std::min<Duration>(step_pause * (1 << doublings), longest_step_pause);
  const std::string error = "step=" + std::string(to_string(done.step)) + " " + done.text;
  if (error == node.told.error) return;
  node.told.error = error;
  emit_node(scene, EventKind::step_failed, done.node, Reason::step_failed, error);
}

}  // namespace

void GroupState::take(const ProbeDone& done) {
  const Observation& seen = done.seen;
  NodeView& node = known.node(done.node);
  node.probe.running = false;
  if (seen.outcome == Outcome::shortage) return take_shortage(node, seen, now);
  // A question may end after later ones: a server that wakes answers its kept connection first. Such an answer proves
  // that it lives; but the failure of an older question says nothing against a newer answer.
  if (seen.asked < node.last_asked && !is_life(seen.outcome)) return;
  node.outcome = seen.outcome;
  node.text = seen.text;
  node.last_asked = std::max(node.last_asked, seen.asked);
  node.probe.ended = seen.answered;
  const bool is_master = known.master == done.node;
  if (!is_life(seen.outcome)) {
    take_failure(scene(), done.node, seen);
    const bool closed = seen.outcome == Outcome::l4_refused || seen.outcome == Outcome::l7_closed;
    if (is_master && !machine.active())
      doubt.suspect(scene(), closed ? Reason::connection_lost : Reason::master_silent);
    return;
  }
  take_life(scene(), done.node, seen.answered);
  const bool outlived =
      node.info && seen.asked < node.info_asked;  // a server that wakes answers both; the later question counts
  if (seen.info && !outlived) {
    take_info(done.node, seen);
  } else if (!seen.info) {
    if (node.tracker.bad() == Transition::went_down) node.shown.since = now;
    // The same connection answers again, though with an error: it is the same process.
    if (is_master && known.suspicion && known.suspicion->cause == Reason::master_silent) doubt.clear(scene(), reasons);
  }
  watch_use(scene(), done.node);
}

void GroupState::take_info(NodeId id, const Observation& seen) {
  NodeView& node = known.node(id);
  const bool rebooted = node.info && (node.info->run_id != seen.info->run_id || was_restarted(node, seen));
  if (known.master == id) check.take(node, seen, known.record);
  const bool role_changed = node.info && node.info->role != seen.info->role;
  if (rebooted) report_reboot(scene(), id);
  if (role_changed) report_role(scene(), id, seen.info->role);
  if (rebooted || role_changed || !node.info) node.shown.since = now;
  const bool was_ours = known.record.epoch > 0 || journal.damaged();
  const bool stopped = only_receiving_is_stopped(*seen.info) || is_half_promoted(*seen.info);
  if (!node.info && was_ours && stopped) node.replica.stopped_by_us = true;
  node.info = seen.info;
  node.info_asked = seen.asked;
  node.info_answered = seen.answered;
  take_loading(node, now);
  if (known.master == id) {
    take_master_info(seen);
  } else {
    take_replica_info(id);
  }
  look_at_copy(scene(), id);
  routing.update_reader(node);
  const bool judged = !machine.active() && !known.resumed;  // take_replica_info judges it
  if (seen.asked >= stall.last() && (judged || known.master == id)) node.stall.unseen = false;
}

void GroupState::take_master_info(const Observation& seen) {
  if (check.is_another(known, *seen.info)) return;
  if (seen.info->sql && seen.info->role == Role::master && !check.holds_what_replicas_have(scene())) {
    known.master_verified = false;
    known.node(*known.master).probe.next = now + ask_again;
    return;
  }
  known.master_verified = seen.info->role == Role::master && !seen.info->loading;
  if (known.master_verified) doubt.role_is_back();
  doubt.clear(scene(), reasons);
  if (!known.master_verified) return;
  follow_history(*this, *seen.info);
  known.history_offset = seen.info->offset;
  check.has_data();
  for (std::size_t i = 0; i < known.nodes.size(); ++i) judge_errant(node_id(i));
}

/// The master must have been asked later than the replica: read the other way round, a transaction that was written
/// meanwhile would count as the replica's own (orchestrator#1305).
void GroupState::judge_errant(NodeId id) {
  NodeView& node = known.node(id);
  if (!known.master || known.master == id || !known.master_verified || !node.info || !node.info->sql) return;
  if (machine.active() || !node.alive() || known.node(*known.master).info_asked < node.info_asked) return;
  const GtidSet before = std::exchange(node.replica.errant, errant(known.history, *node.info));
  if (node.replica.errant.empty()) node.copy.welcome = false;
  if (before == node.replica.errant) return;
  routing.update_reader(node);
  report_errant(scene(), id, before);
}

void GroupState::take_replica_info(NodeId id) {
  NodeView& node = known.node(id);
  if (!known.master) return;
  take_link(scene(), id);
  // An answer from before the step says nothing of it. (Found by the simulator: the replica stayed stopped.)
  // Nor does one from after a failed step: a STOP that was given up may hang in the server, and take effect later.
  const bool settled = !node.told.step && node.told.failures == 0 && node.info_asked >= node.told.done;
  if (settled && !is_stopped(*node.info)) node.replica.stopped_by_us = false;
  judge_errant(id);
  if (known.suspicion) doubt.hear_witness(scene(), id);
  if (machine.active()) return;
  // Restarted as a replica by its configuration: it never said master again, and the sync has removed its tail.
  if (node.says(Role::replica)) lost_tail.report_estimate(scene(), id);
  if (known.resumed) return;  // the target is, or may be, about to be a master
  const bool rogue = node.says(Role::master);
  if (rogue && !node.rogue.now) {
    node.rogue.since = now;
    const bool expected = was_just_replaced(*this, node) || is_stranger(known, node);  // a stranger has its own event
    if (!expected) emit_node(scene(), EventKind::rogue_master, id, Reason::rogue_master);
    lost_tail.report(scene(), id);
    // A node that carries out a step late is no rogue.
    if (node.stall.unseen && promote_sent_to != id && was_promoted_unseen(node, known.history)) switched_unseen = true;
  }
  node.rogue.now = rogue;
  // The master is asked once more before the node is told anything.
  const bool gave_up = node.info->sql && node.info->sql->gave_up;
  if (rogue || gave_up || !known.follows(node, *known.master)) known.node(*known.master).probe.next = now;
}

void GroupState::take(const ConnectionLost& lost) {
  known.node(lost.node).probe.next = now;
  if (machine.target() == lost.node) target_shaken = true;
  if (known.master != lost.node || machine.active()) return;
  doubt.suspect(scene(), Reason::connection_lost);
}

void GroupState::take(const ConnectFailed& failed) { known.node(failed.node).probe.next = now; }

void GroupState::take(const Published& done) { routing.acknowledged(done.serial); }

void GroupState::take(const JournalWritten& written) {
  machine.journal_written(written);
  journal.written(scene(), written);
}

void GroupState::take(const StepDone& done) {
  if (done.step == Step::follow_events) return take_followed(scene(), done);
  NodeView& node = known.node(done.node);
  if (node.told.step == done.step) node.told.step.reset();  // else it is the answer to the step before
  node.told.done = now;
  node.probe.next = now;
  machine.step_done(now, done);
  // One attempt, reached or not (RULES §4.1); but where a fence lasts, a returned master is told until it is fenced.
  const bool returned = rules_of(settings().kind).fence_lasts && known.master != done.node && node.alive();
  if (done.step == Step::fence && !returned) return;
  if (done.step == Step::apply_received) return;  // a probe will see whether it is applied
  if (done.result == StepResult::done) {
    take_done(scene(), done);
  } else {
    take_step_failure(scene(), done);
  }
}

void GroupState::take(const DecidersTold& told) {
  take_deciders(known.node(told.node), told);
  std::vector<std::string> others = other_deciders(known);
  if (others == reported_deciders) return;
  reported_deciders = std::move(others);
  report_deciders(scene(), reported_deciders);
}

void GroupState::take(const EventsTold& told) {
  take_events(scene(), told);
  if (!machine.active()) look_at_masters_events(scene(), told.node);
}

void GroupState::take(const Stalled&) { stall.begin(scene()); }

void GroupState::take(const Tick&) {}

}  // namespace sengu::health
