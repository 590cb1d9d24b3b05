#include "health/core/group/decide.hpp"

#include <algorithm>
#include <utility>

#include "config/base/assert.hpp"
#include "health/core/change/tell.hpp"
#include "health/core/group/events.hpp"
#include "health/core/group/permission.hpp"
#include "health/core/group/schedule.hpp"
#include "health/core/judgement/copies.hpp"
#include "health/core/judgement/evidence.hpp"
#include "health/core/judgement/read_only.hpp"
#include "health/core/judgement/schedule.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto by_hand_grace = 1s;  // to switch by hand takes people several commands

NodeView& master_of(GroupState& group) { return group.known.node(*group.known.master); }

void without_master(GroupState& group) {
  if (group.stall.tilted()) return;
  Adoption adoption = find_adoptable(group.known);
  if (group.journal.damaged()) adoption = {std::nullopt, Reason::journal_unwritable};
  if (adoption.master) return group.adopt(*adoption.master, adoption.reason);
  const Reason reason = all_asked(group.known) ? adoption.reason : Reason::starting;
  if (reason == group.reasons.closed) return;
  group.reasons.closed = group.reasons.last = reason;
  emit_group(group.scene(), EventKind::closed, reason);
}

/// The master lives but gives no useful answer: never a reason to call it dead (RULES §2.1).
void name_unusable_master(GroupState& group) {
  const auto outcome = master_of(group).outcome;
  group.reasons.last = outcome == Outcome::loading ? Reason::master_loading
                       : outcome == Outcome::busy  ? Reason::master_busy
                                                   : Reason::master_unusable;
}

std::optional<NodeId> journalled_target(const Knowledge& known) {
  return known.record.phase == Phase::promoting ? known.find_name(known.record.target) : std::nullopt;
}

/// The journal's target is a master now and has the history that it was chosen for: it carried out the promote. A
/// server that merely restarted under the target's address has another history.
bool took_over(const Knowledge& known, std::optional<NodeId> target) {
  if (!target) return false;
  const NodeView& node = known.node(*target);
  return node.says(Role::master) && node.outcome == Outcome::ok &&
         holds_what_it_was_chosen_for(*node.info, known.record);
}

void ask_witness(GroupState& group, NodeId id) {
  Witness& witness = group.known.suspicion->witnesses[index(id)];
  witness.asked_actively = group.now;
  witness.rehandshaken.reset();
  const KindRules& rules = rules_of(group.settings().kind);
  group.known.node(id).replica.stopped_by_us =
      rules.steps_stop_replication;  // where the step ends between STOP and START
  const Milliseconds timeout = group.settings().health.timeout / rules.rehandshakes_per_timeout;
  tell(group.known, group.out, RunStep{id, Step::rehandshake, {}, timeout, {}});
}

/// Is the master gone, or only our path to it?
void investigate(GroupState& group) {
  const Scene scene = group.scene();
  if (group.stall.tilted()) return group.reasons.refuse(scene, Reason::tilt);
  const NodeView& master = master_of(group);
  if (master.alive() && master.outcome != Outcome::ok) return name_unusable_master(group);
  const Verdict verdict = assess(group.known, group.now);
  group.doubt.look_again(verdict.look_again);
  if (verdict.ask && why_hands_off(group) == Reason::none) ask_witness(group, *verdict.ask);
  if (verdict.finding == Finding::dead)
    return group.try_failover(group.known.resumed ? Reason::resumed : verdict.reason);
  group.reasons.last = verdict.reason;
  const bool silent_for_long = group.now >= master.silent_since + group.settings().health.down_after;
  if (verdict.finding == Finding::unreachable) {
    group.doubt.report_unreachable(scene, verdict.reason);
  } else if (silent_for_long && verdict.reason != Reason::witnesses_undecided) {
    group.reasons.refuse(scene, verdict.reason);
  }
}

/// MySQL: the process that was the master takes no writes for now (RULES §4.5). A person's wish stands until it is
/// taken back; what is left of a failover of ours is undone.
void on_master_is_read_only(GroupState& group, ReadOnly why) {
  group.doubt.role_is_back();  // the time for a switch by hand begins when it follows another
  if (why == ReadOnly::by_hand) {
    group.reasons.last = Reason::read_only_by_hand;
  } else if (!group.stall.tilted()) {
    group.own_fence.undo(group.scene(), group.reasons);
  }
}

/// The journal's master says replica: demoted by hand or by another decider, or restarted with an old configuration. No
/// client is routed until the nodes agree on a master. Where they do not, the best node is promoted, and that is the
/// journal's master unless its data is gone (RULES §4.3).
void on_master_is_replica(GroupState& group) {
  group.known.master_verified = false;
  if (!group.stall.tilted()) {
    const Adoption adoption = find_adoptable(group.known);
    if (adoption.master) return group.adopt(*adoption.master, adoption.reason);
  }
  const ReadOnly why = read_only_master(group.known);
  if (is_kept(why)) return on_master_is_read_only(group, why);
  const Time grace_ends = group.doubt.role_lost_since(group.now) + by_hand_grace;
  if (group.now >= grace_ends) return group.try_failover(Reason::master_is_replica);
  group.reasons.last = Reason::master_is_replica;
  group.doubt.look_again(grace_ends);
}

/// No copy of the data can be reached: wait for one, then serve what the master has (RULES §6.4). Where a copy may not
/// be promoted, keys that may have expired meanwhile are not waited for.
void on_emptied_without_replica(GroupState& group) {
  const Knowledge& known = group.known;
  const auto& failover = group.settings().failover;
  const bool may_act = why_not_act(group, Reason::master_emptied) == Reason::none;
  if (may_act && expiry_explains(master_of(group)) && !may_still_fail_over(group, Reason::master_emptied)) {
    return group.adopt(*known.master, Reason::server_changed);
  }
  const bool copy_alive = std::any_of(known.nodes.begin(), known.nodes.end(), [&](const NodeView& node) {
    return &node != &master_of(group) && node.alive() && node.info && received(known.history, *node.info);
  });
  if (copy_alive || group.paused || failover.mode != config::Mode::automatic) return;
  if (group.now - *group.check.emptied_since() < failover.amnesia_wait) return;
  emit_node(group.scene(), EventKind::amnesia, *known.master, Reason::amnesia_wait_over);
  master_of(group).copy.emptied = true;
  group.adopt(*known.master, Reason::amnesia_wait_over);
}

void report_emptied(GroupState& group) {
  if (group.check.emptied_since()) return;
  group.check.emptied(group.now);
  emit_node(group.scene(), EventKind::amnesia, *group.known.master, Reason::master_emptied,
            "keys=" + std::to_string(master_of(group).info->keys));
}

/// Why the server that answers at the master's address by now is not taken as it is; none: it is, or it is not known
/// yet what it is.
Reason why_not_taken_back(const GroupState& group) {
  const NodeView& master = group.known.node(*group.known.master);
  const auto& settings = group.settings();
  const auto loading_since = master.shown.loading_since;
  const bool loading_too_long = loading_since && group.now - *loading_since >= settings.health.loading_timeout;
  if (master.outcome == Outcome::ok && master.says(Role::master)) {
    if (is_stranger(group.known, master) && !expiry_explains(master)) return Reason::stranger;
    if (is_emptied(group.known, *master.info)) return Reason::master_emptied;
  }
  if (loading_too_long) return Reason::loading_timeout;
  const bool at_once = settings.failover.on_process_death == config::OnProcessDeath::now || group.check.regressed();
  if (at_once) return Reason::server_changed;
  const bool lacks = master.says(Role::master) && lacks_writes(group.known, master) > 0;
  return lacks ? Reason::master_lacks_writes : Reason::none;
}

void take_back(GroupState& group) {
  const NodeId id = *group.known.master;
  const auto lost = lacks_writes(group.known, master_of(group));
  if (lost > 0) {
    emit_lost_writes(group.scene(), id, {static_cast<std::uint64_t>(lost), 0}, "bytes=" + std::to_string(lost));
  }
  group.adopt(id, Reason::server_changed);
}

void on_server_changed(GroupState& group) {
  const NodeView& master = master_of(group);
  group.known.master_verified = false;
  if (master.says(Role::replica) && master.outcome == Outcome::ok) return on_master_is_replica(group);
  const Reason cause = why_not_taken_back(group);
  if (cause == Reason::master_emptied) report_emptied(group);
  if (cause != Reason::none) {
    group.try_failover(cause);
    if (group.machine.active()) return;
  } else {
    group.reasons.last = Reason::master_loading;
  }
  if (group.stall.tilted() || group.pace.waits(group.now)) return;
  if (cause == Reason::master_emptied) return on_emptied_without_replica(group);
  const bool usable = master.outcome == Outcome::ok && master.says(Role::master) && cause != Reason::stranger;
  const bool waits = cause != Reason::none && may_still_fail_over(group, cause);
  if (usable && !waits) take_back(group);
}

/// Another node was made a master while sengu was stalled or before this run (perhaps by a run whose journal is lost),
/// and the journal's master says master too, or does not answer: sengu cannot see which of the two is right. No client
/// is routed until the nodes agree on one, or the operator names one.
void on_switched_unseen(GroupState& group) {
  const Adoption adoption = find_adoptable(group.known);
  if (adoption.master) return group.adopt(*adoption.master, adoption.reason);
  const auto& nodes = group.known.nodes;
  group.switched_unseen =
      std::any_of(nodes.begin(), nodes.end(), [](const NodeView& node) { return node.rogue.now && !node.shown.sdown; });
  if (group.switched_unseen) group.reasons.refuse(group.scene(), Reason::two_masters);
}

void resume_promotion(GroupState& group, NodeId target) { group.machine.resume_promotion(group.context(), target); }

/// An earlier run ended in the middle of a failover, which cut all clients: ask the nodes anew, then go on or go back.
void go_on_after_restart(GroupState& group) {
  Knowledge& known = group.known;
  if (!all_asked(known)) return;
  const auto target = journalled_target(known);
  if (took_over(known, target)) {
    group.target_shaken = false;
    resume_promotion(group, *target);
  } else if (known.master_verified) {
    known.resumed = false;
    group.adopt(*known.master, Reason::master_alive_again);
  } else if (known.suspicion && !(group.check.server_changed(known) && master_of(group).alive())) {
    investigate(group);
  } else {
    known.resumed = false;  // the ordinary rules decide
  }
}

/// One ordered table; the first line that fits decides.
void watch_master(GroupState& group) {
  Knowledge& known = group.known;
  const bool tilted = group.stall.tilted();
  if (known.resumed && !tilted) {
    go_on_after_restart(group);
    if (group.machine.active() || known.resumed) return;
  }
  const NodeView& master = master_of(group);
  const auto target = journalled_target(known);
  if (!master.outcome) {
    group.reasons.last = Reason::starting;
  } else if (!known.master_verified && !tilted && took_over(known, target)) {
    resume_promotion(group, *target);  // it became a master after the failover was given up
  } else if (group.switched_unseen && !tilted) {
    on_switched_unseen(group);
  } else if (group.check.server_changed(known) && master.alive()) {
    // Whether its data is gone can only be told beside the other nodes.
    if (all_asked(known)) on_server_changed(group);
  } else if (master.says(Role::replica) && master.outcome == Outcome::ok) {
    on_master_is_replica(group);
  } else if (known.master_verified && known.record.phase != Phase::steady) {
    group.adopt(*known.master, Reason::master_alive_again);
  } else if (known.suspicion) {
    investigate(group);
  } else if (known.master_verified && master.outcome == Outcome::ok) {
    group.reasons.last = Reason::master_ok;
  } else {
    name_unusable_master(group);
  }
}

void give_up_change(GroupState& group, const FailoverMachine::Ended& ended) {
  group.reasons.last = ended.result;
  group.pace.gave_up(group.now, group.settings().failover.step_timeout);
  if (ended.result == Reason::step_failed && ended.target)
    group.known.node(*ended.target).told.refused_promotion = group.now;
  // No client was served by another master: the journal's stays the master, also while the journal cannot be written.
  if (ended.result == Reason::journal_unwritable) record_given_up(group.known);
  const bool nobody = ended.result == Reason::no_good_replica;
  emit_group(group.scene(), nobody ? EventKind::failover_abort_no_good_slave : EventKind::failover_abort, ended.result);
  group.machine.unfence(group.context());
  // The fence may have switched its scheduler off.
  if (rules_of(group.settings().kind).has_scheduled_events && group.known.master)
    hand_events_over(group.scene(), *group.known.master, Handover::By::sengu, ended.plan.cause,
                     what_it_hands_over(group.known));
  if (ended.plan.request)
    group.out.send(Answer{*ended.plan.request, {ended.result, std::string(describe(ended.result))}});
  if (ended.plan.next) group.take(*ended.plan.next);
}

/// Resets what was known of the other nodes under the old master.
void begin_anew(GroupState& group, bool promoted) {
  Knowledge& known = group.known;
  const NodeView& master = master_of(group);
  for (NodeView& node : known.nodes) {
    node.rogue.now = node.rogue.now && group.switched_unseen && &node != &master;
    if (promoted) node.stall.before = BeforeStall::gone;  // no node is waited for under a master of our own choice
    node.told.retry = {};                                 // the pause was after a step for the old master
    node.probe.next = group.now;  // no step goes to a node before it was seen under the new master
    node.replica.left_in_chain = false;
    if (!known.follows_directly(node, *known.master)) node.replica.heard_master.reset();
  }
}

/// MySQL: what only relay logs hold was given up with the failover. The nodes follow without it; else a
/// semi-synchronous master might wait for an acknowledgement of theirs.
void give_up_relay_logs(Knowledge& known) {
  for (NodeView& node : known.nodes) node.copy.welcome = node.says(Role::replica) && node.info->sql;
}

/// The journalled server counts, not another that answers under its address by now.
void take_master(GroupState& group, const ServerInfo& journalled) {
  Knowledge& known = group.known;
  const NodeView& master = master_of(group);
  known.resumed = false;
  known.history = history_of(journalled);
  known.history_offset = journalled.offset;
  group.doubt.forget(known);
  group.check.reset();
  group.check.has_data();
  known.master_verified = !group.target_shaken && master.info->run_id == journalled.run_id && master.says(Role::master);
  if (!known.master_verified) group.doubt.suspect(group.scene(), Reason::connection_lost);
  group.target_shaken = false;
}

/// What is lost with a promotion, where that is known by now or is known to be unknown.
void report_loss(GroupState& group, const FailoverMachine::Ended& ended) {
  const Copy& copy = group.known.node(*ended.target).copy;
  if (ended.loss_unknown) emit_lost_writes(group.scene(), *ended.target, {}, "bytes=unknown");
  if (!copy.emptied) return;
  emit_node(group.scene(), EventKind::amnesia, *ended.target, Reason::copy_emptied,
            "keys=" + std::to_string(ended.master.keys) + " held=" + std::to_string(copy.held ? copy.held->keys : 0));
}

/// The plugin of the source's side is not loaded on the new master, and its replicas would acknowledge.
bool goes_without_semi_sync(const config::GroupSettings& settings, const ServerInfo& master) {
  return settings.semi_sync == config::SemiSync::automatic && master.sql &&
         master.sql->semi_sync_replica == SemiSync::on && master.sql->semi_sync_source == SemiSync::absent;
}

void report_new_master(GroupState& group, const FailoverMachine::Ended& ended, std::optional<NodeId> from,
                       bool promoted) {
  const Scene scene = group.scene();
  const std::string epoch = std::to_string(group.known.record.epoch);
  const NodeId to = *ended.target;
  if (!promoted) emit_node(scene, EventKind::adopted, to, ended.plan.cause, "epoch=" + epoch);
  if (from && from != to) {
    NodeView& old = group.known.node(*from);
    old.replica.left_in_chain = old.says(Role::replica);
    report_switch(scene, *from, to, ended.plan.cause);
  }
  if (promoted && goes_without_semi_sync(group.settings(), ended.master))
    emit_node(scene, EventKind::semi_sync_off, to, Reason::none, "the source's plugin is not loaded");
  const std::string is_master = master_of(group).settings->name + " is master, epoch " + epoch;
  const std::string cost = ended.plan.cost.empty() ? "" : "; " + ended.plan.cost;
  if (ended.plan.request) group.out.send(Answer{*ended.plan.request, {Reason::none, is_master + cost}});
  if (ended.plan.next) group.out.send(Answer{ended.plan.next->request, {Reason::failover_in_progress, is_master}});
}

}  // namespace

void decide_about_master(GroupState& group) {
  if (group.known.master) {
    watch_master(group);
  } else {
    without_master(group);
  }
}

bool is_master_to_take(const GroupState& group, NodeId id, LossPolicy loss) {
  const Knowledge& known = group.known;
  const NodeView& node = known.node(id);
  if (known.master && known.master_verified && !group.switched_unseen) return false;
  if (!node.says(Role::master) || node.outcome != Outcome::ok) return false;
  if (known.master != id || loss == LossPolicy::accept_loss) return true;
  return expiry_explains(node) || (!is_stranger(known, node) && !is_emptied(known, *node.info));
}

void GroupState::adopt(NodeId node, Reason reason) {
  target_shaken = false;
  reasons.last = reason;
  machine.adopt(context(), node, reason);
}

void GroupState::try_failover(Reason cause) {
  if (pace.waits(now)) return;
  if (const Reason reason = why_not_act(*this, cause); reason != Reason::none) return reasons.refuse(scene(), reason);
  const Time lost_at = known.suspicion ? known.suspicion->began : now;
  const Selection selection = select_candidate(known, {cause, std::nullopt, LossPolicy::keep_writes, lost_at, now});
  if (!selection.candidate) return reasons.refuse(scene(), Reason::no_good_replica);
  pace.go_on();
  reasons.last = cause;
  doubt.report_odown(scene(), cause);
  emit_node(scene(), EventKind::try_failover, *known.master, cause);
  machine.begin(context(), {cause, std::nullopt, LossPolicy::keep_writes, std::nullopt, lost_at});
}

void GroupState::end_change(const FailoverMachine::Ended& ended) {
  if (ended.result != Reason::none) return give_up_change(*this, ended);
  const Reason cause = ended.plan.cause;
  const auto from = known.master;
  const NodeId to = *ended.target;
  const bool promoted = cause != Reason::adopted && from != to;
  if (promoted) {
    report_promoted(scene(), to, cause);
    report_loss(*this, ended);
    pace.promoted(now);
  } else {
    doubt.end_odown(scene());
  }
  doubt.forget_odown();
  mending.begin(promoted ? Mending::Others::are_to_follow : Mending::Others::stay);
  // People or all nodes have named a master; a failover of sengu's own does not settle which of two masters is right.
  if (cause == Reason::adopted || cause == Reason::operator_request) switched_unseen = false;
  if (promote_sent_to == to) promote_sent_to.reset();
  if (promoted && from && !ended.master.sql)
    lost_tail.remember(*from, known.history_offset - (ended.master.second_offset - 1));
  auto events = what_it_hands_over(known);
  known.master = to;
  if (rules_of(settings().kind).has_scheduled_events && from && from != to)
    hand_events_over(scene(), *from, promoted ? Handover::By::sengu : Handover::By::hand, cause, std::move(events));
  known.node(to).stall.unseen = false;
  journal.is_whole_again();
  take_master(*this, ended.master);
  look_at_masters_events(scene(), to);  // it may have told them before it was known for the master
  begin_anew(*this, promoted);
  if (promoted && ended.plan.loss == LossPolicy::accept_loss && ended.master.sql) give_up_relay_logs(known);
  reasons = {cause, cause, reasons.closed, Reason::none};
  pace.forget_failures();
  report_new_master(*this, ended, from, promoted);
}

}  // namespace sengu::health
