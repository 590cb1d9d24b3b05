// The group step by step: takes an input in, looks at the situation, publishes the route, asks the nodes again.
#include "health/core/group/state.hpp"

#include <algorithm>
#include <utility>

#include "config/base/assert.hpp"
#include "health/core/change/record.hpp"
#include "health/core/group/asking.hpp"
#include "health/core/group/decide.hpp"
#include "health/core/group/events.hpp"
#include "health/core/group/permission.hpp"
#include "health/core/group/schedule.hpp"
#include "health/core/judgement/read_only.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto relay_log_patience = 30s;  // without progress: alarm (RULES §4.4)

/// Why a session to the master may not go on: the doubt, the journal or a change of master. A master that is kept
/// read-only refuses the writes of its clients itself, and those who read go on (RULES §4.5).
bool is_cut(const GroupState& group) {
  const NodeView& master = group.known.node(*group.known.master);
  if (group.known.record.phase != Phase::steady) return true;
  if (!master.info) return false;
  return group.check.server_changed(group.known) ||
         !(master.says(Role::master) || is_kept(read_only_master(group.known)));
}

std::vector<ReaderState> readers(const GroupState& group) {
  const Knowledge& known = group.known;
  std::vector<ReaderState> all;
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    const NodeView& node = known.nodes[i];
    ReaderState reader{node.reader.generation, false};
    if (group.machine.target() == node_id(i)) reader.generation = 0;
    reader.accepts = reader.generation != 0 && node.outcome == Outcome::ok && node.tracker.up() && node.info->link_up &&
                     known.master && known.follows(node, *known.master);
    all.push_back(reader);
  }
  return all;
}

/// What the target has yet to apply: by position its GTIDs do not tell how many transactions that are.
std::string relay_log_text(const SqlInfo& sql) {
  const std::string delay = sql.delay.count() > 0 ? " delay=" + std::to_string(sql.delay.count()) + "s" : "";
  if (const auto& by = sql.by_position; by && !by->all_applied())
    return "received=" + by->received.text() + " applied=" + by->applied.text() + delay;
  return "transactions=" + std::to_string(sql.received.without(sql.executed).count()) + delay;
}

/// MariaDB: its delay cannot be lifted without the loss of its relay log, and the operator may have a better idea.
bool waits_for_delay(const NodeView& target) {
  return is_delayed(*target.info) && target.info->sql->flavour == SqlInfo::Flavour::mariadb &&
         !all_applied(*target.info);
}

/// +applying and -applying, of the state that the machine has just left or entered.
void report_relay_log(const Scene& scene, const FailoverMachine& machine, FailoverMachine::State before) {
  using State = FailoverMachine::State;
  if (machine.state() == State::applying) {
    emit_node(scene, EventKind::applying, *machine.target(), machine.plan().cause,
              relay_log_text(*scene.known.node(*machine.target()).info->sql));
  } else if (before == State::applying && machine.state() == State::targeting) {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(scene.now - machine.applying().since());
    emit_node(scene, EventKind::applied, *machine.target(), Reason::none, "ms=" + std::to_string(waited.count()));
  }
}

}  // namespace

GroupState::GroupState(const config::GroupSettings& group, std::optional<JournalRecord> record, JournalFound found)
    : routing(group.nodes.size()), journal(record && record->master.empty() ? JournalFound::damaged : found) {
  known.settings = &group;
  for (const auto& node : group.nodes) known.nodes.emplace_back(node, group.health);
  take_record(known, std::move(record));
  // A failover that an earlier run did not end may have stopped their threads.
  for (NodeView& node : known.nodes)
    node.replica.stopped_by_us = known.resumed && rules_of(group.kind).steps_stop_replication;
}

ChangeContext GroupState::context() {
  return {now, known, out, routing.is_acknowledged(route()), !stall.tilted(), paused};
}

Commands GroupState::start(Time at, Time first_probe) {
  now = at;
  routing.start(at);
  for (NodeView& node : known.nodes) {
    node.silent_since = first_probe;
    node.shown.since = at;
    node.probe.next = first_probe;
  }
  decide();
  return std::exchange(out.commands, {});
}

Commands GroupState::step(Time at, const Input& input) {
  SENGU_ASSERT(at >= now);
  now = at;
  stall.check_clock(scene(), deadline);
  std::visit([this](const auto& one) { take(one); }, input);
  decide();
  return std::exchange(out.commands, {});
}

void GroupState::decide() {
  look();
  const bool is_void = stall.is_void(now);
  if (machine.active()) {
    run_machine();
  } else if (!is_void) {
    decide_about_master(*this);
    if (machine.active()) run_machine();
  }
  if (!machine.active()) mend();
  routing.publish(scene(), route());
  if (!machine.active()) keep_journal();
  const Asking asking(machine, stall, doubt);
  asking.ask(scene());
  if (rules_of(settings().kind).has_scheduled_events && !machine.active() && !known.suspicion) ask_events(scene());
  deadline = asking.deadline(scene());
}

/// Changes that come with time alone.
void GroupState::look() {
  stall.end_when_all_seen(scene());
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    const NodeView& node = known.nodes[i];
    const bool silent = node.outcome && !node.alive() && now >= node.silent_since + settings().health.down_after;
    if (silent) set_sdown(scene(), node_id(i));
  }
}

void GroupState::run_machine() {
  using State = FailoverMachine::State;
  // The route of a new state goes out before its acknowledgement is asked for.
  for (;;) {
    const auto before = machine.state();
    const auto target = machine.target();
    routing.publish(scene(), route());
    if (const auto ended = machine.advance(context())) return end_change(*ended);
    const bool another_applies = before == State::applying && machine.target() != target;
    if (machine.state() == before && !another_applies) break;
    report_relay_log(scene(), machine, before);
    if (machine.state() == State::targeting)
      emit_node(scene(), EventKind::selected_slave, *machine.target(), machine.plan().cause);
    if (machine.state() == State::promoting) promote_sent_to = machine.target();
  }
  const bool applying = machine.state() == State::applying;
  if (applying && waits_for_delay(known.node(*machine.target()))) {
    reasons.refuse(scene(), Reason::delayed);
  } else if (applying && now >= machine.applying().progressed() + relay_log_patience) {
    reasons.refuse(scene(), Reason::relay_log_stuck);
  }
}

void GroupState::keep_journal() {
  journal.probe(scene());
  const bool settled = known.master && known.master_verified && !known.suspicion && known.record.phase == Phase::steady;
  if (!settled || check.server_changed(known)) return own_fence.master_is_not_open();
  if (record_process(known, *known.node(*known.master).info)) write_record(known, out);
  own_fence.master_is_open(scene());
  journal.refresh(scene());
}

void GroupState::mend() {
  if (!known.master) return;
  if (!stall.tilted()) start_receivers(scene());
  if (!known.suspicion && awaits_semi_sync(*this)) switch_semi_sync_on(scene());
  if (!known.master_verified || known.suspicion || known.record.phase != Phase::steady) return;
  if (routing.published().state != RouteState::open || stall.tilted() || switched_unseen) return;
  // A change that the operator began goes to its end also where sengu does nothing by itself.
  const bool operators_own = !mending.done() && reasons.cause == Reason::operator_request;
  const Reason hands_off = why_hands_off(*this);
  const bool unasked_only = hands_off == Reason::paused || hands_off == Reason::manual_mode ||
                            hands_off == Reason::observe_mode || hands_off == Reason::two_deciders;
  if (hands_off == Reason::none || (unasked_only && operators_own)) {
    mending.mend(scene(), reasons.cause);
  } else if (unasked_only) {
    mending.take_in(scene());
  }
  // The end of a change that sengu made is part of it: in manual mode, of one that the operator ordered.
  const bool ordered = known.schedule.handover && known.schedule.handover->cause == Reason::operator_request;
  if (hands_off == Reason::none || (unasked_only && ordered)) follow_events(scene());
}

Route GroupState::route() const {
  Route wanted;
  wanted.state = RouteState::held;
  wanted.epoch = known.record.epoch;
  wanted.reason = reasons.last;
  wanted.readers = readers(*this);
  if (machine.active()) {
    wanted.reason = machine.plan().cause;
    return wanted;
  }
  if (!known.master) {
    wanted.state = RouteState::closed;
    wanted.reason = reasons.closed;
    return wanted;
  }
  if (is_cut(*this)) return wanted;
  if (switched_unseen) {
    wanted.reason = Reason::two_masters;
    return wanted;
  }
  wanted.live = wanted.epoch;
  const bool awaits = awaits_semi_sync(*this);
  if (awaits) wanted.reason = Reason::semi_sync_off;
  wanted.suspended = stall.looks_anew(known, now);
  if (wanted.suspended && stall.tilted()) wanted.reason = Reason::tilt;
  if (wanted.suspended || known.suspicion || !known.master_verified || !all_asked(known) || awaits) return wanted;
  wanted.state = RouteState::open;
  wanted.master = known.master;
  return wanted;
}

}  // namespace sengu::health
