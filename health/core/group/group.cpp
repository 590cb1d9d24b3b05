// The group step by step: takes an input in, looks at the situation, publishes the route, asks the nodes again. What is
// done about the situation is in decide.cpp.
#include "health/core/group/group.hpp"

#include <algorithm>

#include "config/base/assert.hpp"
#include "health/core/group/state.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto quick = 100ms;              // cadence of whatever is in doubt
constexpr auto refused_again = 11ms;       // the second refusal counts 10 ms after the first (safety.md §2.2)
constexpr auto witness_poll = 5ms;
constexpr auto promote_poll = 2ms;
constexpr auto catch_up_poll = 5ms;
constexpr auto doubt_lasts = 300ms;        // how long witnesses are polled at witness_poll
constexpr auto journal_probe_interval = 1s;
constexpr auto apply_poll = 20ms;
constexpr auto relay_log_patience = 30s;   // without progress: alarm (safety.md §4.4)

}  // namespace

Group::State::State(const config::GroupSettings& group, std::optional<JournalRecord> journal, JournalFound found)
    : settings(&group), damaged(found == JournalFound::damaged || (journal && journal->master.empty())) {
  known.settings = &group;
  for (const auto& node : group.nodes) known.nodes.emplace_back(node, group.health);
  published.readers.resize(group.nodes.size());
  if (journal) known.record = std::move(*journal);
  known.record.group = group.name;
  known.master = known.find_name(known.record.master);
  known.history = history_of(known.record, group.kind);
  known.history_offset = known.record.offset;
  known.resumed = known.record.phase != Phase::steady;
  // An earlier run may have stopped them, in the failover that it did not end.
  for (NodeView& node : known.nodes) node.stopped_by_us = known.resumed && group.kind == config::Kind::mysql;
}

FailoverMachine::Context Group::State::context() {
  const bool acknowledged = published_serial && acknowledged_serial == *published_serial && route() == published;
  return {now, known, out, acknowledged, !tilt_since, paused};
}

Commands Group::State::start(Time at, Time first_probe) {
  now = at;
  route_since = at;
  for (NodeView& node : known.nodes) {
    node.silent_since = first_probe;
    node.since = at;
    node.next_probe = first_probe;
  }
  decide();
  return std::exchange(out.commands, {});
}

Commands Group::State::step(Time at, const Input& input) {
  SENGU_ASSERT(at >= now);
  now = at;
  check_clock();
  take(input);
  decide();
  return std::exchange(out.commands, {});
}

void Group::State::take(const Input& input) {
  struct Taker {
    State& group;
    void operator()(const ProbeDone& done) { group.observe(done.node, done.seen); }
    void operator()(const ConnectionLost& lost) { group.connection_lost(lost.node); }
    void operator()(const ConnectFailed& failed) { group.known.node(failed.node).next_probe = group.now; }
    void operator()(const Published& done) { group.acknowledged_serial = done.serial; }
    void operator()(const JournalWritten& written) {
      group.machine.journal_written(written);
      if (group.journal_ok != written.ok) {
        group.emit_group(written.ok ? EventKind::journal_error_end : EventKind::journal_error,
                         written.ok ? Reason::none : Reason::journal_unwritable);
      }
      group.journal_ok = written.ok;
      group.next_journal_retry = group.now + journal_probe_interval;
      if (group.journal_probe == written.serial) group.journal_probe.reset();
    }
    void operator()(const StepDone& done) { group.step_done(done); }
    void operator()(const DecidersTold& told) { group.deciders_told(told); }
    void operator()(const Stalled&) { group.begin_tilt(); }
    void operator()(const Tick&) {}
    void operator()(const OperatorFailover& request) { group.operator_failover(request); }
    void operator()(const OperatorPause& request) { group.pause(request); }
    void operator()(const OperatorResume& request) { group.resume_group(request); }
  };
  std::visit(Taker{*this}, input);
}

void Group::State::decide() {
  end_tilt_when_seen();
  for (std::size_t i = 0; i < size(); ++i) {
    const NodeView& node = known.nodes[i];
    const bool silent = node.outcome && !node.alive() && now >= node.silent_since + settings->health.down_after;
    if (silent) set_sdown(node_id(i));
  }
  const bool void_now = recheck_at && now < *recheck_at;
  if (recheck_at && !void_now) recheck_at.reset();
  if (machine.active()) {
    run_machine();
  } else if (!void_now) {
    if (!known.master) {
      without_master();
    } else {
      watch_master();
    }
    if (machine.active()) run_machine();
  }
  if (!machine.active()) {
    start_receivers();
    switch_semi_sync_on();
    mend();
  }
  publish();
  retry_journal();
  probe_nodes();
  ask_who_decides();
  set_deadline();
}

void Group::State::run_machine() {
  // The route of a new state goes out before its acknowledgement is asked for.
  for (auto before = machine.state();; before = machine.state()) {
    publish();
    if (const auto ended = machine.advance(context())) {
      machine_ended(*ended);
      return;
    }
    if (machine.state() == before) break;
    report_relay_log(before);
    if (machine.state() == FailoverMachine::State::targeting) {
      emit_node(EventKind::selected_slave, *machine.target(), machine.plan().cause);
    } else if (machine.state() == FailoverMachine::State::promoting) {
      known.node(*machine.target()).step = Step::promote;
      promote_sent_to = machine.target();
    }
  }
  const bool applying = machine.state() == FailoverMachine::State::applying;
  if (applying && now >= machine.applied_last() + relay_log_patience) refuse(Reason::relay_log_stuck);
}

Route Group::State::route() const {
  Route wanted;
  wanted.epoch = known.record.epoch;
  wanted.reason = last_reason;
  wanted.state = RouteState::held;
  for (std::size_t i = 0; i < size(); ++i) {
    const NodeView& node = known.nodes[i];
    ReaderState reader{node.reader_generation, false};
    if (machine.target() == node_id(i)) reader.generation = 0;
    reader.accepts = reader.generation != 0 && node.outcome == Outcome::ok && node.tracker.up() &&
                     node.info->link_up && known.master && known.follows(node, *known.master);
    wanted.readers.push_back(reader);
  }
  if (machine.active()) {
    wanted.reason = machine.plan().cause;
    return wanted;
  }
  if (!known.master) {
    wanted.state = RouteState::closed;
    wanted.reason = closed_reason;
    return wanted;
  }
  const NodeView& master = known.node(*known.master);
  if (known.record.phase != Phase::steady || (master.info && (server_changed() || !master.says(Role::master)))) {
    return wanted;
  }
  if (switched_unseen) {
    wanted.reason = Reason::two_masters;
    return wanted;
  }
  wanted.live = wanted.epoch;
  if (awaits_semi_sync()) wanted.reason = Reason::semi_sync_off;
  wanted.suspended = looks_anew();
  if (wanted.suspended && tilt_since) wanted.reason = Reason::tilt;
  if (wanted.suspended || known.suspicion || !known.master_verified || !all_asked() || awaits_semi_sync()) return wanted;
  wanted.state = RouteState::open;
  wanted.master = known.master;
  return wanted;
}

/// Until whoever answers was looked at with the question in mind whether somebody made it the master. After a stall of
/// ours, until the master was seen, and each other that was well before, unless it refuses (nobody lives there); that may be
/// long in coming: who is still unseen after tilt_at_most is a rogue if it turns out to be a master. Who was loading, or of no
/// use otherwise, may have become well and a master meanwhile: waited for until it answers anything.
bool Group::State::looks_anew() const {
  const bool unjudged = std::any_of(known.nodes.begin(), known.nodes.end(),
                                    [](const NodeView& node) { return node.unseen && node.outcome == Outcome::ok; });
  if (unjudged) return true;
  if (last_stall == Time{}) return false;
  if (master_view().unseen) return true;
  if (now >= last_stall + tilt_at_most) return false;
  return std::any_of(known.nodes.begin(), known.nodes.end(), [this](const NodeView& node) {
    if (!node.unseen || node.refusals != 0 || node.before_stall == BeforeStall::gone) return false;
    return node.before_stall == BeforeStall::well || node.last_answered < last_stall;
  });
}

void Group::State::publish() {
  Route wanted = route();
  if (wanted.state == RouteState::open) for (NodeView& node : known.nodes) node.unseen = false;
  if (published_serial && wanted == published) return;
  if (!published_serial || wanted.state != published.state) route_since = now;
  report_route(published, wanted);
  published = std::move(wanted);
  published_serial = out.next_serial();
  out.send(Publish{*published_serial, published});
}

void Group::State::retry_journal() {
  if (journal_ok || machine.active() || journal_probe || now < next_journal_retry) return;
  journal_probe = out.next_serial();
  out.send(WriteJournal{*journal_probe, known.record});
}

Duration Group::State::cadence(NodeId id) const {
  const NodeView& node = known.node(id);
  const Duration interval = settings->health.interval;
  const Duration soon = std::min<Duration>(interval, quick);
  if (machine.state() == FailoverMachine::State::applying && machine.target() == id) return apply_poll;
  if (const auto since = machine.wants_observations_since()) {
    const bool promoting = machine.state() == FailoverMachine::State::promoting;
    if (promoting) return machine.target() == id ? promote_poll : interval;
    if (tilt_since) return soon;
    return node.last_asked < *since ? Duration::zero() : Duration(catch_up_poll);
  }
  if (known.suspicion) {
    // A dying process may still reset a connect (its listener closes last): ask again as soon as after a refusal.
    const bool young = now - known.suspicion->began < doubt_lasts;
    const bool again = node.refusals == 0 ? young : !refused_twice(node);
    if (known.master == id) return again ? Duration(refused_again) : soon;
    const Witness& witness = known.suspicion->witnesses[index(id)];
    const Time doubt_since = witness.asked_actively.value_or(known.suspicion->began);
    if (is_witness(known, id) && now - doubt_since < doubt_lasts) return witness_poll;
    return soon;
  }
  const bool in_motion = node.syncing_after_repoint || node.rogue || (node.step_done != Time{} && now - node.step_done < 1s);
  if (in_motion || (node.alive() && !node.tracker.up())) return soon;
  return interval;
}

Time Group::State::due(NodeId id) const {
  const NodeView& node = known.node(id);
  if (!node.outcome) return node.next_probe;
  return std::min(node.next_probe, node.last_asked + cadence(id));
}

void Group::State::probe_nodes() {
  for (std::size_t i = 0; i < size(); ++i) {
    NodeView& node = known.nodes[i];
    if (node.probing || now < due(node_id(i))) continue;
    node.probing = true;
    node.next_probe = Time::max();
    out.send(Probe{node_id(i), ProbeVia::kept_connection});
  }
}

void Group::State::ask_who_decides() {
  for (std::size_t i = 0; i < size(); ++i) {
    if (now >= deciders_due(known.nodes[i])) ask_deciders(known, out, node_id(i), Lane::patient, now);
  }
}

void Group::State::set_deadline() {
  Time at = now + settings->health.interval;
  const auto sooner = [&](Time candidate) {
    if (candidate > now) at = std::min(at, candidate);
  };
  for (std::size_t i = 0; i < size(); ++i) {
    if (!known.nodes[i].probing) sooner(std::max(due(node_id(i)), now + 1ms));
  }
  if (known.suspicion || role_lost_since) sooner(look_again);
  if (machine.active()) sooner(machine.deadline());
  if (machine.wants_observations_since()) sooner(now + promote_poll);
  if (recheck_at) sooner(*recheck_at);
  deadline = at;
}

Group::Group(const config::GroupSettings& settings, std::optional<JournalRecord> journal, JournalFound found)
    : state_(std::make_unique<State>(settings, std::move(journal), found)) {}
Group::~Group() = default;
Group::Group(Group&&) noexcept = default;
Group::Group(const Group& other) : state_(std::make_unique<State>(*other.state_)) {}
Commands Group::start(Time now, Time first_probe) { return state_->start(now, first_probe); }
Commands Group::step(Time now, const Input& input) { return state_->step(now, input); }
Time Group::next_deadline() const { return state_->deadline; }
GroupStatus Group::status(Time now) const { return state_->status(now); }

}  // namespace sengu::health
