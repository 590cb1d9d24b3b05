// What happened to the group's nodes: observations, lost connections, finished steps, and its own clock. Changes what
// is known; decides nothing.
#include <algorithm>
#include <utility>

#include "health/core/group/state.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto late = 50ms;              // a step so late is void until the sockets were polled once more
constexpr auto poll_once_more = 20ms;
constexpr auto stall = 1s;               // tilt (safety.md §2.3)
constexpr auto step_pause = 100ms;       // after a failed step, doubled each time
constexpr auto longest_step_pause = 30s;

/// MySQL: server_uuid outlives a restart, the time it has been up does not. It was read at some time between question and answer,
/// which a server that was frozen meanwhile sets far apart.
bool restarted(const NodeView& before, const Observation& seen) {
  constexpr auto jitter = 2s;   // Uptime has whole seconds
  if (!before.info || !before.info->sql || !seen.info->sql) return false;
  if (seen.info->sql->uptime < before.info->sql->uptime) return true;
  return seen.asked - seen.info->sql->uptime > before.info_answered - before.info->sql->uptime + jitter;
}

/// An IO thread that lost its source tries again for ever: one that does not run beside an error of the connection (2003, 2013)
/// was stopped. (Found on real servers: the error of the dead master stays, and nobody started it again.)
bool is_connection_error(std::string_view error) { return error.size() > 4 && error.starts_with('2') && error[4] == ' '; }

/// By somebody, not by an error of its own.
bool is_stopped(const ServerInfo& info) {
  if (!info.sql || info.master.host.empty() || info.sql->receiving) return false;
  return info.sql->receive_error.empty() || is_connection_error(info.sql->receive_error);
}

/// As a failover leaves it. An earlier run may have ended after the journal said that all was done, or lost its journal; people
/// who stop replication stop both threads. (Found by the simulator: nobody started it, and a semi-sync master hung.)
bool only_receiving_is_stopped(const ServerInfo& info) {
  return is_stopped(info) && (info.sql->applying || !info.sql->apply_error.empty());
}

}  // namespace

void Group::State::observe(NodeId id, const Observation& seen) {
  NodeView& node = known.node(id);
  node.probing = false;
  if (seen.outcome == Outcome::shortage) return take_shortage(id, seen);
  // A question may outlive later ones: a server that wakes answers its kept connection first. That is life; but the
  // failure of an older question says nothing against a newer answer.
  if (seen.asked < node.last_asked && !is_life(seen.outcome)) return;
  node.outcome = seen.outcome;
  node.text = seen.text;
  node.last_asked = std::max(node.last_asked, seen.asked);
  node.last_answered = seen.answered;
  if (!is_life(seen.outcome)) {
    take_failure(id, seen);
    return;
  }
  node.last_reply = seen.answered;
  node.silent_since = seen.answered;
  node.refusals = 0;
  if (node.sdown) {
    node.sdown = false;
    node.since = now;
    emit_node(EventKind::sdown_end, id, Reason::none);
  }
  const bool outlived = node.info && seen.asked < node.info_asked;   // a server that wakes answers both: what was asked later holds
  if (seen.info && !outlived) {
    take_info(id, seen);
  } else if (!seen.info) {
    if (node.tracker.bad() == Transition::went_down) node.since = now;
    // The same connection answers again, though with an error: it is the same process.
    if (known.master == id && known.suspicion && known.suspicion->cause == Reason::master_silent) clear_suspicion();
  }
  watch_use(id);
}

/// Ours, and no evidence: as after a stall of ours its silence counts anew. What was known holds; the next probe tries again.
void Group::State::take_shortage(NodeId id, const Observation& seen) {
  NodeView& node = known.node(id);
  if (!node.outcome) node.outcome = seen.outcome;
  node.text = seen.text;
  node.silent_since = now;
  node.next_probe = now + poll_once_more;
}

/// An alarm of its own, and no reason to call it dead (safety.md §2.1). Of one that dies meanwhile +sdown tells.
void Group::State::watch_use(NodeId id) {
  NodeView& node = known.node(id);
  const bool unusable = node.outcome != Outcome::ok;
  if (unusable == node.unusable) return;
  node.unusable = unusable;
  const std::string what = "outcome=" + std::string(to_string(*node.outcome)) + (node.text.empty() ? "" : " " + node.text);
  emit_node(unusable ? EventKind::unusable : EventKind::unusable_end, id, Reason::none, unusable ? what : "");
}

void Group::State::take_info(NodeId id, const Observation& seen) {
  NodeView& node = known.node(id);
  const bool rebooted = node.info && (node.info->run_id != seen.info->run_id || restarted(node, seen));
  if (known.master == id && seen.info->sql) {
    if (!node.info || restarted(node, seen)) known.master_unjudged = true;
    if (has_regressed(node, *seen.info)) known.master_regressed = true;
  }
  const bool role_changed = node.info && node.info->role != seen.info->role;
  if (rebooted) {
    node.tracker.force_down();
    node.refused_promotion.reset();
    emit_node(EventKind::reboot, id, Reason::none);
  }
  if (role_changed) {
    const bool expected = (known.master == id) == (seen.info->role == Role::master);
    emit_node(expected ? EventKind::role_change : EventKind::role_unexpected, id, Reason::none,
              "new reported role is " + std::string(seen.info->role == Role::master ? "master" : "slave"));
    if (seen.info->role == Role::replica) emit_node(EventKind::convert_to_slave, id, Reason::none);
  }
  if (rebooted || role_changed || !node.info) node.since = now;
  if (!node.info && (known.record.epoch > 0 || damaged) && only_receiving_is_stopped(*seen.info)) node.stopped_by_us = true;
  node.info = seen.info;
  node.info_asked = seen.asked;
  node.info_answered = seen.answered;
  if (seen.info->loading) {
    if (!node.loading_since) node.loading_since = now;
    node.outcome = Outcome::loading;
    node.tracker.force_down();
  } else {
    node.loading_since.reset();
    if (node.tracker.good() == Transition::went_up) node.since = now;
  }
  if (known.master == id) {
    take_master_info(seen);
  } else {
    take_replica_info(id);
  }
  update_reader(id);
  const bool judged = !machine.active() && !known.resumed;   // by watch_rogue
  if (seen.asked >= last_stall && (judged || known.master == id)) node.unseen = false;
}

void Group::State::take_master_info(const Observation& seen) {
  if (seen.info->run_id != known.record.server_id) return;  // server_changed() is derived from it
  if (known.master_regressed) return;
  if (seen.info->sql && seen.info->role == Role::master && !holds_what_replicas_have()) {
    known.master_verified = false;
    master_view().next_probe = now + poll_once_more;
    return;
  }
  known.master_verified = seen.info->role == Role::master && !seen.info->loading;
  if (known.master_verified) role_lost_since.reset();
  clear_suspicion();
  if (!known.master_verified) return;
  follow_history(*seen.info);
  known.history_offset = seen.info->offset;
  known.keys_seen = seen.info->keys;
  emptied_since.reset();
  for (std::size_t i = 0; i < size(); ++i) judge_errant(node_id(i));
}

/// MySQL: the journal's server has less than it had, or was journalled with.
bool Group::State::has_regressed(const NodeView& before, const ServerInfo& info) const {
  if (info.run_id != known.record.server_id) return false;
  if (!before.info || before.info->run_id != info.run_id) return !of_history(info, known.record);
  return !info.sql->executed.contains(before.info->sql->executed);
}

/// MySQL: a master that restarted may have lost its last writes with its host, and would give their numbers to others. What the
/// replicas have when it is first seen must be its own soon: a transaction that waits for its acknowledgement is with them
/// a little before the master counts it, and longer where nobody acknowledges: as long as sessions wait the master is not judged.
bool Group::State::holds_what_replicas_have() {
  constexpr auto soon = 1s;
  if (!known.master_unjudged) return true;
  const NodeView& master = master_view();
  if (!known.must_hold_by) {
    if (!all_asked()) return false;
    for (const NodeView& node : known.nodes) {
      if (&node == &master || !node.alive() || !node.info || !node.info->sql || !received(known.history, *node.info)) continue;
      known.must_hold.add(node.info->sql->received.without(errant(known.history, *node.info)));
    }
    known.must_hold_by = now + soon;
  }
  const bool holds = master.info->sql->executed.contains(known.must_hold);
  const bool may_be_waiting = now < *known.must_hold_by || master.info->sql->semi_sync_waiting > 0;
  if (!holds && may_be_waiting) return false;
  known.master_regressed = !holds;
  known.master_unjudged = false;
  known.must_hold = {};
  known.must_hold_by.reset();
  return holds;
}

/// Beside a master that was asked later: read the other way round, a transaction that was written meanwhile would count as its
/// reader's own (orchestrator#1305).
void Group::State::judge_errant(NodeId id) {
  NodeView& node = known.node(id);
  if (!known.master || known.master == id || !known.master_verified || !node.info || !node.info->sql) return;
  if (machine.active() || !node.alive() || master_view().info_asked < node.info_asked) return;
  GtidSet before = std::exchange(node.errant, errant(known.history, *node.info));
  if (before == node.errant) return;
  update_reader(id);
  report_errant(id, before);
}

/// Redis gives a master without a backlog a new replication id when its first replica attaches: same server, same data.
/// The journal follows, or a later run would know no candidate.
void Group::State::follow_history(const ServerInfo& master) {
  if (master.sql) {
    known.history = history_of(master);   // the journal has a beginning of it, and whose transactions go on
    return;
  }
  if (known.history.replid == master.replid && known.record.replid == master.replid) return;
  known.history = history_of(master);
  if (known.record.phase != Phase::steady || machine.active()) return;
  known.record.replid = master.replid;
  known.record.offset = master.offset;
  out.send(WriteJournal{out.next_serial(), known.record});
}

void Group::State::take_replica_info(NodeId id) {
  NodeView& node = known.node(id);
  if (!known.master) return;
  if (known.follows_directly(node, *known.master)) {
    if (node.info->link_up) node.heard_master = node.info_asked;
    if (node.info->link_up && node.syncing_after_repoint && node.info_asked >= node.step_done) {
      node.syncing_after_repoint = false;
      emit_node(EventKind::slave_reconf_done, id, Reason::none);
    }
  }
  // An answer from before the step says nothing of it. (Found by the simulator: it stayed stopped after the failover.)
  // Nor one from after a step that failed: a STOP that was given up may hang in the server, and take effect yet.
  const bool settled = !node.step && node.step_failures == 0 && node.info_asked >= node.step_done;
  if (node.stopped_by_us && settled && !is_stopped(*node.info)) node.stopped_by_us = false;
  judge_errant(id);
  if (known.suspicion) hear_witness(id);
  // Restarted with a configuration that makes it a replica: it never said master again, and its tail is gone with the sync.
  if (!machine.active() && node.says(Role::replica)) report_last_tail(id);
  watch_rogue(id);
}

/// Proof that a replica hears the suspect: it receives more, or a heartbeat, or its link came back after a re-handshake.
void Group::State::hear_witness(NodeId id) {
  Witness& witness = known.suspicion->witnesses[index(id)];
  const NodeView& node = known.node(id);
  if (node.info_asked < known.suspicion->began) return;
  if (!node.info->link_up || !known.follows_directly(node, *known.master)) {
    witness.hears.reset();
    return;
  }
  const bool grows = witness.progress && node.info->progress() > *witness.progress;
  const bool came_back = witness.rehandshaken && node.info_asked >= *witness.rehandshaken;
  if (grows || came_back) witness.hears = node.info_asked;
  // Growth that was seen before our own CLIENT KILL took effect does not end the question: the link is about to go down.
  if (came_back) {
    witness.asked_actively.reset();
    witness.rehandshaken.reset();
  }
  witness.progress = node.info->progress();
}

void Group::State::take_failure(NodeId id, const Observation& seen) {
  NodeView& node = known.node(id);
  if (seen.outcome == Outcome::l4_refused) {
    if (node.refusals++ == 0) node.first_refusal = seen.answered;
    node.last_refusal = seen.answered;
  } else {
    node.refusals = 0;
  }
  if (node.tracker.bad() == Transition::went_down) node.since = now;
  if (node.refusals >= 2) set_sdown(id);
  if (known.master == id && !machine.active()) {
    const bool closed = seen.outcome == Outcome::l4_refused || seen.outcome == Outcome::l7_closed;
    suspect(closed ? Reason::connection_lost : Reason::master_silent);
  }
}

void Group::State::connection_lost(NodeId id) {
  NodeView& node = known.node(id);
  node.next_probe = now;
  if (machine.target() == id) target_shaken = true;
  if (known.master != id || machine.active()) return;
  known.master_verified = false;
  suspect(Reason::connection_lost);
}

void Group::State::suspect(Reason cause) {
  if (cause == Reason::connection_lost) known.master_verified = false;
  if (known.suspicion) {
    if (cause == Reason::connection_lost) known.suspicion->cause = cause;
    return;
  }
  known.suspicion = Suspicion{now, cause, std::vector<Witness>(size())};
  look_again = now;
  for (NodeView& node : known.nodes) node.next_probe = now;
}

void Group::State::clear_suspicion() {
  if (!known.suspicion) return;
  if (unreachable_reported) {
    unreachable_reported.reset();
    emit_node(EventKind::unreachable_end, *known.master, Reason::master_ok);
  }
  known.suspicion.reset();
  last_refused = Reason::none;
  end_odown();
}

void Group::State::set_sdown(NodeId id) {
  NodeView& node = known.node(id);
  if (node.sdown) return;
  node.sdown = true;
  node.unusable = false;
  node.since = now;
  if (node.tracker.up()) node.tracker.force_down();
  emit_node(EventKind::sdown, id, node.refusals > 0 ? Reason::connection_lost : Reason::silence);
}

void Group::State::step_done(const StepDone& done) {
  NodeView& node = known.node(done.node);
  node.step.reset();
  node.step_done = now;
  node.next_probe = now;
  machine.step_done(now, done);
  // One attempt, reached or not (safety.md §4.1); but a returned master of MySQL is fenced until it is.
  const bool returned = settings->kind == config::Kind::mysql && known.master != done.node && node.alive();
  if (done.step == Step::fence && !returned) return;
  if (done.step == Step::apply_received) return;   // whether it is applied is for a probe to see
  constexpr std::string_view rewrite = "CONFIG REWRITE";
  if (done.result == StepResult::done) {
    node.rewrite_error = done.text.starts_with(rewrite) ? done.text : std::string();
  }
  if (done.step == Step::rehandshake && known.suspicion && done.result == StepResult::done) {
    known.suspicion->witnesses[index(done.node)].rehandshaken = now;
  }
  if (done.step == Step::repoint && done.result == StepResult::done) {
    node.syncing_after_repoint = true;
    node.repointed = now;
    emit_node(EventKind::slave_reconf_sent, done.node, Reason::none);
  }
  const bool demoted = done.step == Step::demote || done.step == Step::demote_emptied;
  if (demoted && done.result == StepResult::done) node.left_replicas = true;
  if (done.result == StepResult::done) {
    node.step_failures = 0;
    node.step_error.clear();
    node.step_retry = now + settings->health.interval / 5;
    return;
  }
  node.step_retry = now + std::min<Duration>(step_pause * (1 << std::min(node.step_failures++, 10)), longest_step_pause);
  const std::string error = "step=" + std::string(to_string(done.step)) + " " + done.text;
  if (error == node.step_error) return;  // said once per change
  node.step_error = error;
  emit_node(EventKind::step_failed, done.node, Reason::step_failed, error);
}

void Group::State::deciders_told(const DecidersTold& told) {
  take_deciders(known.node(told.node), told);
  std::vector<std::string> others = other_deciders(known);
  if (others == reported_deciders) return;
  reported_deciders = std::move(others);
  report_deciders();
}

/// A reader's generation changes with the role or the server behind it; a writable replica has none.
void Group::State::update_reader(NodeId id) {
  NodeView& node = known.node(id);
  const bool serves = node.says(Role::replica) && node.info->read_only && node.errant.empty();
  if (!serves) {
    node.reader_generation = 0;
    node.reader_server.clear();
  } else if (node.reader_generation == 0 || node.reader_server != node.info->run_id) {
    node.reader_generation = ++last_generation;
    node.reader_server = node.info->run_id;
  }
}

/// The very server was a replica when we last looked; or it went on from the group's history with writes of its own. A
/// master that ours was promoted from is no such one, nor one that restarted without its `replicaof` (Redis 7 keeps the
/// replication id of its RDB as the second one), nor one that carries out late what we told it.
bool Group::State::was_promoted_unseen(const NodeView& node) const {
  const ServerInfo& info = *node.info;
  if (node.replica_before_stall == info.run_id) return true;
  return left_history(info, known.history);
}

void Group::State::watch_rogue(NodeId id) {
  NodeView& node = known.node(id);
  if (machine.active() || known.resumed) return;  // the target is, or may be, about to be a master
  const bool rogue = node.says(Role::master);
  if (rogue && !node.rogue) {
    node.rogue_since = now;
    emit_node(EventKind::rogue_master, id, Reason::rogue_master);
    report_lost_writes(id);
    if (node.unseen && promote_sent_to != id && was_promoted_unseen(node)) switched_unseen = true;
  }
  node.rogue = rogue;
  // Before it is told anything, the master is looked at once more.
  if (rogue || !known.follows(node, *known.master)) master_view().next_probe = now;
}

bool Group::State::server_changed() const {
  const NodeView& node = known.node(*known.master);
  return node.info && (node.info->run_id != known.record.server_id || known.master_regressed);
}

/// `deadline` is when this step was due at the latest: what lies beyond is the time that sengu itself was not run.
void Group::State::check_clock() {
  if (deadline == Time{} || now <= deadline + late) return;
  if (now > deadline + stall) {
    begin_tilt();
  } else if (!recheck_at) {
    recheck_at = now + poll_once_more;
  }
}

void Group::State::begin_tilt() {
  if (!tilt_since) emit_group(EventKind::tilt, Reason::tilt);
  tilt_since = last_stall = now;
  for (NodeView& node : known.nodes) {
    node.silent_since = now;
    node.refusals = 0;
    node.next_probe = now;
    node.unseen = true;
    node.replica_before_stall = node.says(Role::replica) ? std::optional(node.info->run_id) : std::nullopt;
    node.before_stall = node.outcome == Outcome::ok ? BeforeStall::well : node.alive() ? BeforeStall::of_no_use : BeforeStall::gone;
  }
  if (known.suspicion) known.suspicion = Suspicion{now, known.suspicion->cause, std::vector<Witness>(size())};
}

void Group::State::end_tilt_when_seen() {
  if (!tilt_since) return;
  const bool all_seen = std::all_of(known.nodes.begin(), known.nodes.end(),
                                    [&](const NodeView& node) { return node.last_asked >= *tilt_since; });
  if (!all_seen && now - *tilt_since < tilt_at_most) return;
  tilt_since.reset();
  emit_group(EventKind::tilt_end, Reason::none);
}

}  // namespace sengu::health
