#include "health/core/change/failover.hpp"

#include <algorithm>

#include "config/base/assert.hpp"
#include "health/core/judgement/deciders.hpp"

namespace sengu::health {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t past_servers_max = 32;
constexpr auto journal_retry = 100ms;
constexpr int promote_patience = 2;   // step_timeouts: one for the step itself, one to observe it

void remember_server(JournalRecord& record, const std::string& server) {
  std::erase(record.past_servers, server);
  record.past_servers.push_back(server);
  if (record.past_servers.size() > past_servers_max) record.past_servers.erase(record.past_servers.begin());
}

/// The very server that the journal knows answers.
bool old_master_lives(const Knowledge& knowledge) {
  if (!knowledge.master) return false;
  const NodeView& node = knowledge.node(*knowledge.master);
  return node.alive() && node.info && node.info->run_id == knowledge.record.server_id;
}

/// MySQL: what replicas have received stands still only once they stopped receiving. Under a living master that the operator
/// replaces, its fence does that, and they are yet to catch up.
bool must_stop_receiving(const Knowledge& knowledge, Reason cause) {
  if (knowledge.settings->kind != config::Kind::mysql) return false;
  return cause != Reason::operator_request || !old_master_lives(knowledge);
}

bool still_receives(const NodeView& node) {
  return node.says(Role::replica) && node.info->sql && node.info->sql->receiving;
}

bool all_applied(const ServerInfo& info) { return !info.sql || info.sql->executed.contains(info.sql->received); }

/// A replica whose old link still says "up" may hold bytes it has not read: its offset does not stand still yet. (An ordered
/// failover, in the middle of which the master restarted, was found by the simulator.)
bool offsets_stand_still(const Knowledge& knowledge, Reason cause) {
  const bool restarted = cause == Reason::server_changed || cause == Reason::master_emptied;
  const bool died_meanwhile = cause == Reason::operator_request && knowledge.master && !old_master_lives(knowledge);
  if (knowledge.settings->kind == config::Kind::mysql || (!restarted && !died_meanwhile)) return true;
  return std::none_of(knowledge.nodes.begin(), knowledge.nodes.end(), [&](const NodeView& node) {
    return node.outcome == Outcome::ok && knowledge.follows_directly(node, *knowledge.master) && node.info->link_up &&
           node.info->replid == knowledge.history.replid;
  });
}

/// After silence, a replica whose link came up again speaks for the old master. Not one of MySQL: its link is stopped, or may
/// say "Yes" for a minute.
bool a_replica_hears_it(const Knowledge& knowledge) {
  return std::any_of(knowledge.nodes.begin(), knowledge.nodes.end(), [&](const NodeView& node) {
    return node.outcome == Outcome::ok && knowledge.follows_directly(node, *knowledge.master) && node.info->link_up &&
           !node.info->sql;
  });
}

/// The old master lives and its offset stands still behind the fence: may the candidate still catch up?
bool still_catching_up(const Knowledge& knowledge, NodeId candidate, Time since) {
  if (!old_master_lives(knowledge)) return false;
  const NodeView& old_master = knowledge.node(*knowledge.master);
  if (old_master.info_asked < since) return true;
  const auto held = received(knowledge.history, *knowledge.node(candidate).info);
  return !held || held->offset < old_master.info->offset;
}

/// Another that might be chosen has received more.
bool is_behind_another(const Knowledge& knowledge, NodeId candidate, Choice choice) {
  choice.only.reset();
  const auto best = select_candidate(knowledge, choice).candidate;
  if (!best || best == candidate) return false;
  const auto most = received(knowledge.history, *knowledge.node(*best).info);
  const auto held = received(knowledge.history, *knowledge.node(candidate).info);
  return most && (!held || held->offset < most->offset);
}

}  // namespace

std::string_view to_string(FailoverMachine::State state) {
  switch (state) {
    case FailoverMachine::State::idle: return "idle";
    case FailoverMachine::State::barrier: return "barrier";
    case FailoverMachine::State::survey: return "survey";
    case FailoverMachine::State::applying: return "applying";
    case FailoverMachine::State::targeting: return "targeting";
    case FailoverMachine::State::promoting: return "promoting";
    case FailoverMachine::State::confirming: return "confirming";
  }
  return "?";
}

void FailoverMachine::write(const Context& context) {
  write_ = Write::pending;
  write_serial_ = context.out.next_serial();
  context.out.send(WriteJournal{write_serial_, context.knowledge.record});
}

void FailoverMachine::begin(const Context& context, const FailoverPlan& plan) {
  SENGU_ASSERT(state_ == State::idle);
  plan_ = plan;
  JournalRecord& record = context.knowledge.record;
  ++record.epoch;
  record.phase = Phase::switching;
  record.target.clear();
  journal_history(record, context.knowledge.history, context.knowledge.history_offset);
  record.fenced = context.knowledge.master && plan.cause != Reason::master_is_replica;  // a replica takes no writes
  context.knowledge.master_verified = false;
  state_ = State::barrier;
  deadline_ = context.now + 1s;
  write(context);
}

void FailoverMachine::adopt(const Context& context, NodeId node, Reason reason) {
  SENGU_ASSERT(state_ == State::idle);
  plan_ = {};
  plan_.cause = reason;
  ++context.knowledge.record.epoch;
  enter_confirming(context, node);
}

void FailoverMachine::resume_promotion(const Context& context, NodeId target) {
  SENGU_ASSERT(state_ == State::idle);
  plan_ = {};
  plan_.cause = Reason::resumed;
  enter_confirming(context, target);
}

void FailoverMachine::journal_written(const JournalWritten& written) {
  if (write_ == Write::pending && written.serial == write_serial_) write_ = written.ok ? Write::ok : Write::failed;
}

void FailoverMachine::step_done(Time now, const StepDone& done) {
  const bool of_target = state_ == State::promoting && done.step == Step::promote && done.node == target_;
  if (of_target && done.result != StepResult::done) promote_failed_ = now;
  if (done.step != Step::fence || !fencing_) return;
  fencing_ = false;
  // Behind the fence offsets stand still: look again (safety.md §3.2).
  if (state_ == State::survey && done.result == StepResult::done) observe_since_ = now;
}

/// Before the promote is sent, a master that lives after all is worth more than any candidate, and a pause counts.
Reason FailoverMachine::why_stop(const Context& context) const {
  const bool on_evidence = plan_.cause == Reason::silence || plan_.cause == Reason::process_death ||
                           plan_.cause == Reason::resumed;
  if (on_evidence && context.knowledge.master_verified) return Reason::master_alive_again;
  if (context.paused && plan_.cause != Reason::operator_request) return Reason::paused;
  return Reason::none;
}

void FailoverMachine::enter_survey(const Context& context) {
  state_ = State::survey;
  observe_since_ = surveyed_since_ = context.now;
  const auto& policy = *context.knowledge.settings;
  deadline_ = context.now + policy.failover.step_timeout;
  fence_deadline_ = context.now;
  if (!context.knowledge.record.fenced) return;
  const NodeView& old_master = context.knowledge.node(*context.knowledge.master);
  if (old_master.refusals > 0 || old_master.step) return;  // nobody there to fence
  // One attempt within a fifth of the probe timeout (safety.md §4.1); half of that where it has been silent for
  // down_after already, since the cut is the barrier and the fence is for those who bypass us.
  auto patience = policy.health.timeout / (plan_.cause == Reason::silence ? 10 : 5);
  auto timeout = policy.health.timeout / 5;
  // A living MySQL master first lets go what waits for an acknowledgement, which takes up to a second; then it stands still.
  if (policy.kind == config::Kind::mysql && old_master_lives(context.knowledge)) {
    patience = timeout = policy.failover.step_timeout;
    deadline_ += patience;
  }
  fence_deadline_ = context.now + patience;
  fencing_ = true;
  context.out.send(RunStep{*context.knowledge.master, Step::fence, {}, timeout, 3 * policy.failover.step_timeout});
}

/// Whoever answers is asked once before a promote who else may decide (safety.md §7), and not waited for for long.
bool FailoverMachine::deciders_told(const Context& context) const {
  bool all_told = true;
  for (std::size_t i = 0; i < context.knowledge.nodes.size(); ++i) {
    const NodeView& node = context.knowledge.nodes[i];
    if (!node.alive() || node.deciders.told_since(surveyed_since_)) continue;
    all_told = false;
    if (!node.deciders.pending) ask_deciders(context.knowledge, context.out, NodeId{static_cast<std::uint16_t>(i)}, Lane::urgent, context.now);
  }
  return all_told || context.now >= surveyed_since_ + context.knowledge.settings->health.timeout / 5;
}

std::optional<FailoverMachine::Ended> FailoverMachine::survey(const Context& context) {
  const Knowledge& knowledge = context.knowledge;
  const bool told = deciders_told(context);
  stop_receivers(context);
  if (!survey_complete(context)) return std::nullopt;
  if (fencing_ && context.now < fence_deadline_) return std::nullopt;
  const bool patient = context.now < *observe_since_ + knowledge.settings->health.timeout;
  if (patient && !offsets_stand_still(knowledge, plan_.cause)) return std::nullopt;
  if (plan_.cause == Reason::silence && a_replica_hears_it(knowledge)) return end(Reason::witness_hears_master);
  if (!told) return std::nullopt;
  if (plan_.cause != Reason::operator_request && has_other_deciders(knowledge)) return end(Reason::two_deciders);
  const Choice choice{plan_.cause, plan_.to, plan_.loss, plan_.lost_at};
  const auto candidate = select_candidate(knowledge, choice).candidate;
  if (!candidate) return end(Reason::no_good_replica);
  const bool planned = plan_.cause == Reason::operator_request && plan_.loss == LossPolicy::keep_writes;
  if (planned && still_catching_up(knowledge, *candidate, *observe_since_)) {
    if (context.now < deadline_) return std::nullopt;
    return end(Reason::still_behind);
  }
  // Whom the operator named, and the old master is gone: what another still has would be lost unasked.
  if (planned && is_behind_another(knowledge, *candidate, choice)) return end(Reason::still_behind);
  if (must_stop_receiving(knowledge, plan_.cause) && still_receives(knowledge.node(*candidate))) return end(Reason::step_failed);
  if (knowledge.settings->kind == config::Kind::mysql) {
    enter_applying(context, *candidate);
  } else {
    enter_targeting(context, *candidate);
  }
  return std::nullopt;
}

/// Whoever answers stops receiving before what they received is compared.
void FailoverMachine::stop_receivers(const Context& context) {
  if (!must_stop_receiving(context.knowledge, plan_.cause)) return;
  for (std::size_t i = 0; i < context.knowledge.nodes.size(); ++i) {
    NodeView& node = context.knowledge.nodes[i];
    if (node.step || !node.alive() || !still_receives(node)) continue;
    const bool waits = node.step_failures > 0 && context.now < node.step_retry;
    if (waits || node.info_asked < node.step_done) continue;   // not seen since it was told
    node.step = Step::stop_receiving;
    node.stopped_by_us = true;
    context.out.send(RunStep{NodeId{static_cast<std::uint16_t>(i)}, Step::stop_receiving, {},
                             context.knowledge.settings->failover.step_timeout});
  }
}

/// Nodes whose word is waited for: those that answered when last asked.
bool FailoverMachine::survey_complete(const Context& context) const {
  const Knowledge& knowledge = context.knowledge;
  const bool must_stop = must_stop_receiving(knowledge, plan_.cause);
  const Time patience = must_stop ? deadline_ : *observe_since_ + knowledge.settings->health.timeout;
  if (context.now >= patience) return true;
  return std::all_of(knowledge.nodes.begin(), knowledge.nodes.end(), [&](const NodeView& node) {
    const bool is_old_master = knowledge.master && &node == &knowledge.node(*knowledge.master);
    if ((is_old_master && plan_.cause != Reason::master_is_replica) || !node.alive()) return true;
    return node.last_asked >= *observe_since_ && !(must_stop && still_receives(node));
  });
}

void FailoverMachine::enter_applying(const Context& context, NodeId target) {
  state_ = State::applying;
  target_ = target;
  seen_target_ = *context.knowledge.node(target).info;
  observe_since_.reset();
  applying_since_ = applied_last_ = context.now;
  applied_ = seen_target_.sql->executed.position();
}

void FailoverMachine::accept_loss() {
  SENGU_ASSERT(state_ == State::applying);
  plan_.loss = LossPolicy::accept_loss;
}

/// The relay log is thrown away by the promote: whatever it holds must be applied before (mysql.md §0.1). Waited for as long as
/// it gets less.
std::optional<FailoverMachine::Ended> FailoverMachine::apply(const Context& context) {
  NodeView& node = context.knowledge.node(*target_);
  if (node.info->run_id != seen_target_.run_id || node.sdown) return end(Reason::step_failed);
  const bool applied = node.info->sql->executed.contains(seen_target_.sql->received) && all_applied(*node.info);
  if (applied || plan_.loss == LossPolicy::accept_loss) {
    enter_targeting(context, *target_);
    return std::nullopt;
  }
  if (!node.info->sql->apply_error.empty()) return end(Reason::applier_error);
  if (!node.info->sql->applying) return end(Reason::applier_stopped);
  const std::int64_t position = node.info->sql->executed.position();
  if (position > applied_) applied_last_ = context.now;
  applied_ = std::max(applied_, position);
  if (node.step || !node.alive() || node.info_asked < node.step_done) return std::nullopt;
  const auto& settings = *context.knowledge.settings;
  const bool hangs = settings.semi_sync == config::SemiSync::automatic && node.info->sql->semi_sync_source == SemiSync::on;
  node.step = hangs ? Step::semi_sync_off : Step::apply_received;   // its applier waits for an acknowledgement (mysql.md §0.2)
  context.out.send(RunStep{*target_, *node.step, {}, settings.failover.step_timeout});
  return std::nullopt;
}

void FailoverMachine::enter_targeting(const Context& context, NodeId target) {
  state_ = State::targeting;
  target_ = target;
  seen_target_ = *context.knowledge.node(target).info;
  promote_failed_.reset();
  JournalRecord& record = context.knowledge.record;
  record.phase = Phase::promoting;
  record.target = context.knowledge.node(target).settings->name;
  // A later run must know it by the history it has: of MySQL, whatever part of the group's; of Redis, its own, where the
  // operator accepted the loss.
  if (seen_target_.sql) {
    if (plan_.loss == LossPolicy::accept_loss) seen_target_.sql->received = seen_target_.sql->executed;
    History held = context.knowledge.history;
    held.gtids = seen_target_.sql->received;
    journal_history(record, held, seen_target_.offset);
  } else if (!received(context.knowledge.history, seen_target_)) {
    journal_history(record, history_of(seen_target_), seen_target_.offset);
  }
  write(context);
}

/// MySQL: where the target's relay log ends within a transaction, its applier waits a minute for the rest of it before it stops.
/// Another replica's stream ends the wait, and must bring nothing else.
Endpoint FailoverMachine::donor(const Knowledge& knowledge) const {
  for (const NodeView& node : knowledge.nodes) {
    const bool is_target = &node == &knowledge.node(*target_);
    if (is_target || node.outcome != Outcome::ok || !node.says(Role::replica) || !node.info->sql) continue;
    if (seen_target_.sql->received.contains(node.info->sql->received)) return node.settings->replication_address;
  }
  return {};
}

void FailoverMachine::enter_promoting(const Context& context) {
  state_ = State::promoting;
  observe_since_ = context.now;
  const auto timeout = context.knowledge.settings->failover.step_timeout;
  deadline_ = context.now + promote_patience * timeout;
  const Endpoint other = seen_target_.sql ? donor(context.knowledge) : Endpoint{};
  context.knowledge.node(*target_).stopped_by_us = seen_target_.sql.has_value();   // first of all, the step stops it too
  context.out.send(RunStep{*target_, Step::promote, other, timeout, {}, plan_.loss});
}

void FailoverMachine::enter_confirming(const Context& context, NodeId master) {
  const NodeView& node = context.knowledge.node(master);
  SENGU_ASSERT(node.says(Role::master));
  state_ = State::confirming;
  target_ = master;
  seen_target_ = *node.info;
  observe_since_.reset();
  JournalRecord& record = context.knowledge.record;
  record.phase = Phase::steady;
  record.master = node.settings->name;
  record.server_id = node.info->run_id;
  record.target.clear();
  record.fenced = false;
  remember_server(record, record.server_id);
  journal_history(record, history_of(*node.info), node.info->offset);
  deadline_ = context.now + journal_retry;
  write(context);
}

std::optional<FailoverMachine::Ended> FailoverMachine::advance(const Context& context) {
  switch (state_) {
    case State::idle:
      return std::nullopt;
    case State::barrier:
      if (write_ == Write::failed) return end(Reason::journal_unwritable);
      if (const Reason reason = why_stop(context); reason != Reason::none) return end(reason);
      if (write_ == Write::ok && context.route_acknowledged && context.may_act) enter_survey(context);
      return std::nullopt;
    case State::survey:
      if (!context.may_act) {
        observe_since_ = surveyed_since_ = context.now;  // what was seen before a stall is void
        return std::nullopt;
      }
      if (const Reason reason = why_stop(context); reason != Reason::none) return end(reason);
      return survey(context);
    case State::applying:
      if (!context.may_act) return std::nullopt;
      if (const Reason reason = why_stop(context); reason != Reason::none) return end(reason);
      return apply(context);
    case State::targeting:
      if (write_ == Write::failed) return end(Reason::journal_unwritable);
      if (!context.may_act) return std::nullopt;
      if (const Reason reason = why_stop(context); reason != Reason::none) return end(reason);
      if (target_is_lost(context)) return end(Reason::step_failed);
      if (write_ == Write::ok && context.route_acknowledged) enter_promoting(context);
      return std::nullopt;
    case State::promoting:
      if (target_observed(context)) {
        enter_confirming(context, *target_);
      } else if (context.now >= deadline_ || target_is_lost(context)) {
        return end(Reason::step_failed);
      }
      return std::nullopt;
    case State::confirming:
      if (write_ == Write::ok && context.route_acknowledged) return end(Reason::none);
      if (write_ == Write::failed && context.now >= deadline_) {
        deadline_ = context.now + journal_retry;
        write(context);
      }
      return std::nullopt;
  }
  return std::nullopt;
}

/// The very server that was chosen says master, asked after the promote was sent.
bool FailoverMachine::target_observed(const Context& context) const {
  const NodeView& node = context.knowledge.node(*target_);
  return node.says(Role::master) && node.outcome == Outcome::ok && node.info_asked >= *observe_since_ &&
         goes_on_from(*node.info, seen_target_);
}

/// Another server answers under its name (a restart), or it took over another's data before it was promoted: what it was
/// chosen for may be gone. Or it refused and was seen unchanged.
bool FailoverMachine::target_is_lost(const Context& context) const {
  const NodeView& node = context.knowledge.node(*target_);
  if (node.info->run_id != seen_target_.run_id) return true;
  const bool promoted = state_ == State::promoting && node.says(Role::master) && node.info_asked >= *observe_since_;
  if (promoted && !goes_on_from(*node.info, seen_target_)) return true;
  return promote_failed_ && node.last_asked >= *promote_failed_;
}

FailoverMachine::Ended FailoverMachine::end(Reason result) {
  Ended ended{result, target_.value_or(NodeId{}), seen_target_, plan_};
  state_ = State::idle;
  target_.reset();
  observe_since_.reset();
  fencing_ = false;
  write_ = Write::none;
  return ended;
}

}  // namespace sengu::health
