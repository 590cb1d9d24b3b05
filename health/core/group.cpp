// The group's decision: one ordered look at the situation after every input, one Reason per outcome.
#include "health/core/group.hpp"

#include <algorithm>

#include "config/assert.hpp"
#include "health/core/group_state.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto quick = 100ms;              // cadence of whatever is in doubt
constexpr auto refused_again = 11ms;       // the second refusal counts 10 ms after the first (safety.md §2.2)
constexpr auto witness_poll = 5ms;
constexpr auto promote_poll = 2ms;
constexpr auto catch_up_poll = 5ms;
constexpr auto doubt_lasts = 300ms;        // how long witnesses are polled at witness_poll
constexpr auto alarm_repeats = 1min;       // safety.md §2.6
constexpr auto journal_retry = 1s;
constexpr std::size_t failovers_in_cooldown = 2;  // the third within one cool-down is held back (safety.md §8)

}  // namespace

Group::State::State(const config::GroupSettings& group, std::optional<JournalRecord> journal) : settings(&group) {
  known.settings = &group;
  for (const auto& node : group.nodes) known.nodes.emplace_back(node, group.health);
  published.readers.resize(group.nodes.size());
  if (journal) known.record = std::move(*journal);
  known.record.group = group.name;
  known.master = known.find_name(known.record.master);
  known.history = known.record.replid;
  known.history_offset = known.record.offset;
  known.resumed = known.record.phase != Phase::steady;
}

FailoverMachine::Context Group::State::context() {
  const bool acknowledged = published_serial && acknowledged_serial == *published_serial && route() == published;
  return {now, known, out, acknowledged, !tilt_since};
}

Commands Group::State::start(Time at) {
  now = at;
  route_since = at;
  for (NodeView& node : known.nodes) {
    node.silent_since = at;
    node.since = at;
    node.next_probe = at;
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
    void operator()(const Published& published) { group.acknowledged_serial = published.serial; }
    void operator()(const JournalWritten& written) {
      group.machine.journal_written(written.serial, written.ok);
      if (group.journal_ok != written.ok) {
        group.emit_group(written.ok ? EventKind::journal_error_end : EventKind::journal_error,
                         written.ok ? Reason::none : Reason::journal_unwritable);
      }
      group.journal_ok = written.ok;
      group.next_journal_retry = group.now + journal_retry;
      if (group.journal_probe == written.serial) group.journal_probe.reset();
    }
    void operator()(const StepDone& done) { group.step_done(done); }
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
  if (!machine.active()) mend();
  publish();
  retry_journal();
  probe_nodes();
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
    if (machine.state() == before) return;
    if (machine.state() == FailoverMachine::State::targeting) {
      emit_node(EventKind::selected_slave, *machine.target(), machine.plan().cause);
    } else if (machine.state() == FailoverMachine::State::promoting) {
      known.node(*machine.target()).step = Step::promote;
    }
  }
}

void Group::State::machine_ended(const FailoverMachine::Ended& ended) {
  const Reason cause = ended.plan.cause;
  if (ended.result != Reason::none) {
    last_reason = ended.result;
    retry_after = now + settings->failover.step_timeout;
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
  known.master = ended.target;
  const NodeView& master = master_view();
  known.master_verified = true;
  known.resumed = false;
  known.suspicion.reset();
  unreachable_reported.reset();
  emptied_since.reset();
  known.history = master.info->replid;
  known.history_offset = master.info->offset;
  known.keys_seen = master.info->keys;
  for (NodeView& node : known.nodes) {
    node.rogue = false;
    if (!known.follows_directly(node, *known.master)) node.heard_master.reset();
  }
  last_reason = cause;
  last_cause = cause;
  last_refused = Reason::none;
  retry_after.reset();
  report_switch(from, ended.target, cause);
  if (ended.plan.request) {
    out.send(Answer{*ended.plan.request, true, master.settings->name + " is master, epoch " +
                                                   std::to_string(known.record.epoch)});
  }
}

void Group::State::adopt(NodeId node, Reason reason) {
  if (known.record.fenced && known.master == node) {
    out.send(RunStep{node, Step::unfence, {}, settings->failover.step_timeout, {}});
  }
  last_reason = reason;
  machine.adopt(context(), node, reason);
}

void Group::State::without_master() {
  if (tilt_since) return;
  const Adoption adoption = find_adoptable(known);
  if (adoption.master) {
    adopt(*adoption.master, adoption.reason);
    return;
  }
  const bool all_asked = std::all_of(known.nodes.begin(), known.nodes.end(),
                                     [](const NodeView& node) { return node.outcome.has_value(); });
  const Reason reason = all_asked ? adoption.reason : Reason::starting;
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
  if (!master.outcome) {
    last_reason = Reason::starting;
  } else if (server_changed() && master.alive()) {
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

/// An earlier run ended in the middle of a failover: its death was a cut; look anew, then go on or go back.
void Group::State::resume() {
  const bool all_asked = std::all_of(known.nodes.begin(), known.nodes.end(),
                                     [](const NodeView& node) { return node.outcome.has_value(); });
  if (!all_asked) return;
  const auto target = known.record.phase == Phase::promoting ? known.find_name(known.record.target) : std::nullopt;
  if (target && known.node(*target).says(Role::master) && known.node(*target).outcome == Outcome::ok) {
    machine.resume_promotion(context(), *target);
  } else if (known.master_verified) {
    known.resumed = false;
    adopt(*known.master, Reason::master_alive_again);
  } else if (known.suspicion) {
    investigate();
  } else {
    known.resumed = false;
  }
}

void Group::State::on_server_changed() {
  const NodeView& master = master_view();
  const ServerInfo& info = *master.info;
  known.master_verified = false;
  if (info.role == Role::replica) {
    const Adoption adoption = find_adoptable(known);
    if (adoption.master) return adopt(*adoption.master, adoption.reason);
  }
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
  const bool at_once = settings->failover.on_process_death == config::OnProcessDeath::now;
  if (emptied || loading_too_long || at_once || info.role == Role::replica) {
    try_failover(cause);
    if (machine.active()) return;
  } else {
    last_reason = Reason::master_loading;
  }
  if (tilt_since || (retry_after && now < *retry_after)) return;
  if (usable && !emptied) adopt(*known.master, Reason::server_changed);
  if (emptied) on_emptied_without_replica();
}

/// No copy is left that anyone can reach: wait for one, then serve what there is (safety.md §6.4).
void Group::State::on_emptied_without_replica() {
  const bool copy_alive = std::any_of(known.nodes.begin(), known.nodes.end(), [&](const NodeView& node) {
    return &node != &master_view() && node.alive() && node.info && of_history(*node.info, known.history);
  });
  if (copy_alive || paused || settings->failover.mode != config::Mode::automatic) return;
  if (now - *emptied_since < settings->failover.amnesia_wait) return;
  emit_node(EventKind::amnesia, *known.master, Reason::amnesia_wait_over);
  adopt(*known.master, Reason::amnesia_wait_over);
}

/// By hand, or by another decider: routed nowhere until the group agrees on a master again.
void Group::State::on_master_is_replica() {
  known.master_verified = false;
  if (!tilt_since) {
    const Adoption adoption = find_adoptable(known);
    if (adoption.master) return adopt(*adoption.master, adoption.reason);
  }
  refuse(Reason::master_is_replica);
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
  known.node(id).step = Step::rehandshake;
  out.send(RunStep{id, Step::rehandshake, {}, settings->health.timeout / 5, {}});
}

Reason Group::State::why_hands_off() const {
  if (paused) return Reason::paused;
  if (settings->failover.mode == config::Mode::observe) return Reason::observe_mode;
  if (settings->failover.mode == config::Mode::manual) return Reason::manual_mode;
  if (tilt_since) return Reason::tilt;
  if (!journal_ok) return Reason::journal_unwritable;
  return Reason::none;
}

Reason Group::State::why_not_act(Reason cause) const {
  if (const Reason reason = why_hands_off(); reason != Reason::none) return reason;
  if (cause == Reason::master_emptied || cause == Reason::resumed) return Reason::none;
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
  emit_node(EventKind::odown, *known.master, cause);
  emit_node(EventKind::try_failover, *known.master, cause);
  machine.begin(context(), {cause, std::nullopt, LossPolicy::keep_writes, std::nullopt, lost_at});
}

void Group::State::operator_failover(const OperatorFailover& request) {
  const auto answer = [&](Reason reason, const std::string& more = {}) {
    out.send(Answer{request.request, false, std::string(describe(reason)) + more});
  };
  if (machine.active()) return answer(Reason::failover_in_progress);
  if (!journal_ok) return answer(Reason::journal_unwritable);
  if (!known.master && !request.to) return answer(closed_reason, "; name a node: failover GROUP --to NODE");
  if (request.to && known.master != *request.to && !known.master && known.node(*request.to).says(Role::master) &&
      known.node(*request.to).outcome == Outcome::ok) {
    adopt(*request.to, Reason::operator_request);
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

void Group::State::mend() {
  if (!known.master || !known.master_verified || known.suspicion || known.record.phase != Phase::steady) return;
  if (published.state != RouteState::open) return;
  // What the operator began is carried to its end also where nothing is done unasked.
  const bool operators_own = !mended && last_cause == Reason::operator_request;
  if (why_hands_off() != Reason::none && !operators_own) return;
  const Endpoint target = master_view().settings->replication_address;
  for (const Repair& repair : find_repairs(known, now)) {
    known.node(repair.node).step = repair.step;
    out.send(RunStep{repair.node, repair.step, target, settings->failover.step_timeout, {}});
  }
  if (mended) return;
  const bool all_follow = std::all_of(known.nodes.begin(), known.nodes.end(), [&](const NodeView& node) {
    return &node == &master_view() || !node.alive() || known.follows(node, *known.master);
  });
  if (!all_follow) return;
  mended = true;
  emit_node(EventKind::failover_end, *known.master, last_cause);
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
  wanted.live = wanted.epoch;
  if (known.suspicion || !known.master_verified) return wanted;
  wanted.state = RouteState::open;
  wanted.master = known.master;
  return wanted;
}

void Group::State::publish() {
  Route wanted = route();
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
  if (const auto since = machine.wants_observations_since()) {
    const bool promoting = machine.state() == FailoverMachine::State::promoting;
    if (promoting) return machine.target() == id ? promote_poll : interval;
    return node.last_asked < *since ? Duration::zero() : Duration(catch_up_poll);
  }
  if (known.suspicion) {
    if (known.master == id) return node.refusals == 1 ? Duration(refused_again) : soon;
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

void Group::State::set_deadline() {
  Time at = now + settings->health.interval;
  const auto sooner = [&](Time candidate) {
    if (candidate > now) at = std::min(at, candidate);
  };
  for (std::size_t i = 0; i < size(); ++i) {
    if (!known.nodes[i].probing) sooner(std::max(due(node_id(i)), now + 1ms));
  }
  if (known.suspicion) sooner(look_again);
  if (machine.active()) sooner(std::min(machine.deadline(), now + promote_poll));
  if (recheck_at) sooner(*recheck_at);
  deadline = at;
}

Group::Group(const config::GroupSettings& settings, std::optional<JournalRecord> journal)
    : state_(std::make_unique<State>(settings, std::move(journal))) {}
Group::~Group() = default;
Group::Group(Group&&) noexcept = default;
Group::Group(const Group& other) : state_(std::make_unique<State>(*other.state_)) {}
Commands Group::start(Time now) { return state_->start(now); }
Commands Group::step(Time now, const Input& input) { return state_->step(now, input); }
Time Group::next_deadline() const { return state_->deadline; }
GroupStatus Group::status(Time now) const { return state_->status(now); }

}  // namespace sengu::health
