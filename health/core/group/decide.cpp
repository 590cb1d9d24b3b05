// What the group does about what it knows: one ordered look at the situation, one Reason per outcome.
#include <algorithm>

#include "config/base/assert.hpp"
#include "health/core/group/state.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto alarm_repeats = 1min;       // safety.md §2.6
constexpr auto by_hand_grace = 1s;         // a switch by hand is several commands
constexpr int most_doublings = 5;          // of the pause after an aborted failover
constexpr std::size_t failovers_in_cooldown = 2;  // the third within one cool-down is held back (safety.md §8)

}  // namespace

void Group::State::machine_ended(const FailoverMachine::Ended& ended) {
  const Reason cause = ended.plan.cause;
  if (ended.result != Reason::none) {
    last_reason = ended.result;
    retry_after = now + settings->failover.step_timeout / 10 * (1 << std::min(aborts_in_a_row++, most_doublings));
    if (ended.result == Reason::step_failed) known.node(ended.target).refused_promotion = now;
    // Nothing was promised to anybody: the journal's master stays what it is, also while nothing can be written.
    if (ended.result == Reason::journal_unwritable) {
      known.record.phase = Phase::steady;
      known.record.target.clear();
    }
    const auto kind = ended.result == Reason::no_good_replica ? EventKind::failover_abort_no_good_slave
                                                              : EventKind::failover_abort;
    emit_group(kind, ended.result);
    if (known.master && known.record.fenced && known.node(*known.master).alive()) {
      out.send(RunStep{*known.master, Step::unfence, {}, settings->failover.step_timeout, {}});
    }
    if (ended.plan.request) out.send(Answer{*ended.plan.request, false, std::string(describe(ended.result))});
    return;
  }
  const auto from = known.master;
  const bool promoted = cause != Reason::adopted && from != ended.target;
  if (promoted) {
    report_promoted(ended.target, cause);
  } else {
    end_odown();
  }
  odown = false;
  mended = !promoted;
  // People, or the whole group, have named one; a failover of our own decides nothing between two that others made.
  if (cause == Reason::adopted || cause == Reason::operator_request) switched_unseen = false;
  if (promote_sent_to == ended.target) promote_sent_to.reset();
  known.master = ended.target;
  known.node(ended.target).unseen = false;
  damaged = false;
  role_lost_since.reset();
  const NodeView& master = master_view();
  known.resumed = false;
  known.suspicion.reset();
  unreachable_reported.reset();
  emptied_since.reset();
  if (promoted && from && !ended.master.sql) last_tail = {*from, known.history_offset - (ended.master.second_offset - 1)};
  // What was journalled counts, not what answers under this address by now.
  known.history = history_of(ended.master);
  known.master_regressed = known.master_unjudged = false;
  known.must_hold = {};
  known.must_hold_by.reset();
  known.history_offset = ended.master.offset;
  known.keys_seen = ended.master.keys;
  aborts_in_a_row = 0;
  known.master_verified = !target_shaken && master.info->run_id == ended.master.run_id && master.says(Role::master);
  if (!known.master_verified) suspect(Reason::connection_lost);
  target_shaken = false;
  for (NodeView& node : known.nodes) {
    node.rogue = node.rogue && switched_unseen && &node != &master;
    if (promoted) node.before_stall = BeforeStall::gone;   // nobody is waited for under a master of our own choice
    node.step_retry = {};    // what it was told last was of another master
    node.next_probe = now;   // nobody is told anything before he was seen under the new master
    node.left_replicas = false;
    if (!known.follows_directly(node, *known.master)) node.heard_master.reset();
  }
  last_reason = cause;
  last_cause = cause;
  last_refused = Reason::none;
  retry_after.reset();
  if (!promoted) emit_node(EventKind::adopted, ended.target, cause, "epoch=" + std::to_string(known.record.epoch));
  if (from && from != ended.target) {
    known.node(*from).left_replicas = known.node(*from).says(Role::replica);
    report_switch(*from, ended.target, cause);
  }
  if (ended.plan.request) {
    out.send(Answer{*ended.plan.request, true, master.settings->name + " is master, epoch " +
                                                   std::to_string(known.record.epoch)});
  }
}

void Group::State::adopt(NodeId node, Reason reason) {
  target_shaken = false;
  if (known.record.fenced && known.master == node) {
    out.send(RunStep{node, Step::unfence, {}, settings->failover.step_timeout, {}});
  }
  last_reason = reason;
  machine.adopt(context(), node, reason);
}

bool Group::State::all_asked() const {
  return std::all_of(known.nodes.begin(), known.nodes.end(),
                     [](const NodeView& node) { return node.outcome.has_value(); });
}

void Group::State::without_master() {
  if (tilt_since) return;
  Adoption adoption = find_adoptable(known);
  if (damaged) adoption = {std::nullopt, Reason::journal_unwritable};
  if (adoption.master) {
    adopt(*adoption.master, adoption.reason);
    return;
  }
  const Reason reason = all_asked() ? adoption.reason : Reason::starting;
  if (reason == closed_reason) return;
  closed_reason = reason;
  last_reason = reason;
  emit_group(EventKind::closed, reason);
}

/// One ordered table; the first line that fits decides.
void Group::State::watch_master() {
  const NodeView& master = master_view();
  if (known.resumed && !tilt_since) {
    resume();
    if (machine.active() || known.resumed) return;
  }
  const auto target = known.record.phase == Phase::promoting ? known.find_name(known.record.target) : std::nullopt;
  if (!master.outcome) {
    last_reason = Reason::starting;
  } else if (!known.master_verified && !tilt_since && target_took_over(target)) {
    machine.resume_promotion(context(), *target);  // it became a master after we had given it up
  } else if (switched_unseen && !tilt_since) {
    on_switched_unseen();
  } else if (server_changed() && master.alive()) {
    // What it still has can only be told beside the others.
    if (!all_asked()) return;
    on_server_changed();
  } else if (master.says(Role::replica) && master.outcome == Outcome::ok) {
    on_master_is_replica();
  } else if (known.master_verified && known.record.phase != Phase::steady) {
    adopt(*known.master, Reason::master_alive_again);
  } else if (known.suspicion) {
    investigate();
  } else if (known.master_verified && master.outcome == Outcome::ok) {
    last_reason = Reason::master_ok;
  } else {
    name_unusable_master();
  }
}

/// It lives, but what it answers is no use: never a reason to call it dead (safety.md §2.1).
void Group::State::name_unusable_master() {
  const auto outcome = master_view().outcome;
  last_reason = outcome == Outcome::loading ? Reason::master_loading
                : outcome == Outcome::busy  ? Reason::master_busy
                                            : Reason::master_unusable;
}

/// The journal's target is a master now, and of the history it was chosen for: the promote was carried out. A server
/// that merely restarted under its name is not.
bool Group::State::target_took_over(std::optional<NodeId> target) const {
  if (!target) return false;
  const NodeView& node = known.node(*target);
  return node.says(Role::master) && node.outcome == Outcome::ok && of_history(*node.info, known.record);
}

/// An earlier run ended in the middle of a failover: its death was a cut; look anew, then go on or go back.
void Group::State::resume() {
  if (!all_asked()) return;
  const auto target = known.record.phase == Phase::promoting ? known.find_name(known.record.target) : std::nullopt;
  if (target_took_over(target)) {
    target_shaken = false;
    machine.resume_promotion(context(), *target);
  } else if (known.master_verified) {
    known.resumed = false;
    adopt(*known.master, Reason::master_alive_again);
  } else if (known.suspicion && !(server_changed() && master_view().alive())) {
    investigate();
  } else {
    known.resumed = false;  // whatever the ordinary rules make of it
  }
}

void Group::State::on_server_changed() {
  const NodeView& master = master_view();
  const ServerInfo& info = *master.info;
  known.master_verified = false;
  if (info.role == Role::replica && master.outcome == Outcome::ok) return on_master_is_replica();
  const bool usable = master.outcome == Outcome::ok && info.role == Role::master;
  const bool emptied = usable && is_emptied(known, info);
  if (emptied && !emptied_since) {
    emptied_since = now;
    emit_node(EventKind::amnesia, *known.master, Reason::master_emptied, "keys=" + std::to_string(info.keys));
  }
  const bool loading_too_long =
      master.loading_since && now - *master.loading_since >= settings->health.loading_timeout;
  const Reason cause = emptied            ? Reason::master_emptied
                       : loading_too_long ? Reason::loading_timeout
                                          : Reason::server_changed;
  const bool at_once = settings->failover.on_process_death == config::OnProcessDeath::now || known.master_regressed;
  if (emptied || loading_too_long || at_once) {
    try_failover(cause);
    if (machine.active()) return;
  } else {
    last_reason = Reason::master_loading;
  }
  if (tilt_since || (retry_after && now < *retry_after)) return;
  const bool is_failover = at_once || loading_too_long;
  if (usable && !emptied && !(is_failover && may_still_fail_over(cause))) adopt(*known.master, Reason::server_changed);
  if (emptied) on_emptied_without_replica();
}

/// What holds the failover back passes by itself: a full disk, a cool-down, a replica that is about to be fit. Until then
/// the master that restarted, perhaps with older data, is not taken back.
bool Group::State::may_still_fail_over(Reason cause) const {
  const Reason reason = why_not_act(cause);
  if (reason == Reason::journal_unwritable || reason == Reason::cooldown) return true;
  if (reason != Reason::none) return false;
  const Selection selection = select_candidate(known, {cause, std::nullopt, LossPolicy::keep_writes, now});
  return std::any_of(selection.rejected.begin(), selection.rejected.end(), [&](const Rejection& rejection) {
    const bool passes = rejection.reason == Reason::node_unconfirmed || rejection.reason == Reason::loading;
    return passes && received(known.history, *known.node(rejection.node).info);
  });
}

/// No copy is left that anyone can reach: wait for one, then serve what there is (safety.md §6.4).
void Group::State::on_emptied_without_replica() {
  const bool copy_alive = std::any_of(known.nodes.begin(), known.nodes.end(), [&](const NodeView& node) {
    return &node != &master_view() && node.alive() && node.info && received(known.history, *node.info);
  });
  if (copy_alive || paused || settings->failover.mode != config::Mode::automatic) return;
  if (now - *emptied_since < settings->failover.amnesia_wait) return;
  emit_node(EventKind::amnesia, *known.master, Reason::amnesia_wait_over);
  adopt(*known.master, Reason::amnesia_wait_over);
}

/// By hand, by another decider, or restarted with the configuration of its past: routed nowhere until the group agrees on
/// a master. Where it does not, the best is made one, and that is itself unless its data is gone (safety.md §4.3).
void Group::State::on_master_is_replica() {
  known.master_verified = false;
  if (!tilt_since) {
    const Adoption adoption = find_adoptable(known);
    if (adoption.master) return adopt(*adoption.master, adoption.reason);
  }
  if (!role_lost_since) role_lost_since = now;
  if (now < *role_lost_since + by_hand_grace) {
    last_reason = Reason::master_is_replica;
    look_again = *role_lost_since + by_hand_grace;
    return;
  }
  try_failover(Reason::master_is_replica);
}

/// Somebody made another node the master while we were stalled, or before this run (it may have been a run of sengu whose
/// journal is lost), and the journal's says master too, or says nothing: who is right cannot be seen. Nobody is routed
/// until the group agrees on one, or the operator names one.
void Group::State::on_switched_unseen() {
  const Adoption adoption = find_adoptable(known);
  if (adoption.master) return adopt(*adoption.master, adoption.reason);
  switched_unseen = std::any_of(known.nodes.begin(), known.nodes.end(),
                                [](const NodeView& node) { return node.rogue && !node.sdown; });
  if (switched_unseen) refuse(Reason::two_masters);
}

void Group::State::investigate() {
  if (tilt_since) return refuse(Reason::tilt);
  if (master_view().alive() && master_view().outcome != Outcome::ok) return name_unusable_master();
  const Verdict verdict = assess(known, now);
  look_again = verdict.look_again;
  if (verdict.ask && why_hands_off() == Reason::none) ask_witness(*verdict.ask);
  if (verdict.finding == Finding::dead) return try_failover(known.resumed ? Reason::resumed : verdict.reason);
  last_reason = verdict.reason;
  const bool silent_for_long = now >= master_view().silent_since + settings->health.down_after;
  if (verdict.finding == Finding::unreachable) {
    if (!unreachable_reported || now - *unreachable_reported >= alarm_repeats) {
      unreachable_reported = now;
      emit_node(EventKind::unreachable, *known.master, verdict.reason);
    }
  } else if (silent_for_long && verdict.reason != Reason::witnesses_undecided) {
    refuse(verdict.reason);
  }
}

void Group::State::ask_witness(NodeId id) {
  Witness& witness = known.suspicion->witnesses[index(id)];
  witness.asked_actively = now;
  witness.rehandshaken.reset();
  const bool sql = settings->kind == config::Kind::mysql;
  known.node(id).step = Step::rehandshake;
  known.node(id).stopped_by_us = sql;   // where it ends between STOP and START
  // Two statements of MySQL over a new connection, and stopping an IO thread whose master is frozen, take longer.
  out.send(RunStep{id, Step::rehandshake, {}, sql ? settings->health.timeout : settings->health.timeout / 5, {}});
}

Reason Group::State::why_hands_off() const {
  if (paused) return Reason::paused;
  if (settings->failover.mode == config::Mode::observe) return Reason::observe_mode;
  if (settings->failover.mode == config::Mode::manual) return Reason::manual_mode;
  if (tilt_since) return Reason::tilt;
  if (!journal_ok || damaged) return Reason::journal_unwritable;
  if (has_other_deciders(known)) return Reason::two_deciders;
  return Reason::none;
}

Reason Group::State::why_not_act(Reason cause) const {
  if (const Reason reason = why_hands_off(); reason != Reason::none) return reason;
  const bool ignores_cooldown =
      cause == Reason::master_emptied || cause == Reason::resumed || cause == Reason::master_is_replica;
  if (ignores_cooldown) return Reason::none;
  const auto recent = std::count_if(switches.begin(), switches.end(),
                                    [&](Time at) { return now - at < settings->failover.cooldown; });
  const bool too_many = static_cast<std::size_t>(recent) >= failovers_in_cooldown;
  if (too_many || (cause == Reason::silence && recent > 0)) return Reason::cooldown;
  return Reason::none;
}

void Group::State::try_failover(Reason cause) {
  if (retry_after && now < *retry_after) return;
  if (const Reason reason = why_not_act(cause); reason != Reason::none) return refuse(reason);
  const Time lost_at = known.suspicion ? known.suspicion->began : now;
  const Selection selection = select_candidate(known, {cause, std::nullopt, LossPolicy::keep_writes, lost_at});
  if (!selection.candidate) return refuse(Reason::no_good_replica);
  retry_after.reset();
  last_reason = cause;
  odown = cause == Reason::process_death || cause == Reason::silence || cause == Reason::resumed;
  if (odown) emit_node(EventKind::odown, *known.master, cause, "#quorum 1/1");
  emit_node(EventKind::try_failover, *known.master, cause);
  machine.begin(context(), {cause, std::nullopt, LossPolicy::keep_writes, std::nullopt, lost_at});
}

/// The operator names a node that says master already, while none is routed. The journal's own master that came back
/// without its data is taken only where the loss is accepted.
bool Group::State::is_master_to_take(NodeId id, LossPolicy loss) const {
  const NodeView& node = known.node(id);
  if (known.master && known.master_verified && !switched_unseen) return false;
  if (!node.says(Role::master) || node.outcome != Outcome::ok) return false;
  return known.master != id || loss == LossPolicy::accept_loss || !is_emptied(known, *node.info);
}

void Group::State::operator_failover(const OperatorFailover& request) {
  const auto answer = [&](Reason reason, const std::string& more = {}) {
    out.send(Answer{request.request, false, std::string(describe(reason)) + more});
  };
  const bool waits_for_relay_log = machine.state() == FailoverMachine::State::applying;
  if (waits_for_relay_log && request.loss == LossPolicy::accept_loss && request.to.value_or(*machine.target()) == machine.target()) {
    machine.accept_loss();
    out.send(Answer{request.request, true, "what the relay log of " + known.node(*machine.target()).settings->name + " still holds is given up"});
    return;
  }
  if (machine.active()) return answer(Reason::failover_in_progress);
  if (!journal_ok) return answer(Reason::journal_unwritable);
  if (damaged && !request.to) return answer(Reason::journal_unwritable, "; name a node: failover GROUP --to NODE");
  if (switched_unseen && !request.to) return answer(Reason::two_masters, "; name a node: failover GROUP --to NODE");
  if (!known.master && !request.to) return answer(closed_reason, "; name a node: failover GROUP --to NODE");
  if (request.to && is_master_to_take(*request.to, request.loss)) {
    adopt(*request.to, Reason::adopted);
    out.send(Answer{request.request, true, known.node(*request.to).settings->name + " is adopted as master"});
    return;
  }
  const Selection selection = select_candidate(known, {Reason::operator_request, request.to, request.loss, now});
  if (!selection.candidate) return answer(Reason::no_good_replica, ": " + rejections(selection));
  last_reason = Reason::operator_request;
  if (known.master) emit_node(EventKind::try_failover, *known.master, Reason::operator_request);
  machine.begin(context(), {Reason::operator_request, request.to, request.loss, request.request, now});
}

void Group::State::pause(const OperatorPause& request) {
  if (!paused) emit_group(EventKind::pause, Reason::operator_request);
  paused = true;
  out.send(Answer{request.request, true, "paused: no automatic action; routing goes on"});
}

void Group::State::resume_group(const OperatorResume& request) {
  if (paused) emit_group(EventKind::pause_end, Reason::operator_request);
  paused = false;
  last_refused = Reason::none;
  out.send(Answer{request.request, true, "resumed"});
}

}  // namespace sengu::health
