#include "health/core/failover.hpp"

#include <algorithm>

#include "config/assert.hpp"
#include "health/core/deciders.hpp"

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

/// Nodes whose word is waited for: those that answered when last asked.
bool survey_complete(const Knowledge& knowledge, const FailoverPlan& plan, Time since, Time now) {
  const auto patience = since + knowledge.settings->health.timeout;
  if (now >= patience) return true;
  return std::all_of(knowledge.nodes.begin(), knowledge.nodes.end(), [&](const NodeView& node) {
    const bool is_old_master = knowledge.master && &node == &knowledge.node(*knowledge.master);
    return (is_old_master && plan.cause != Reason::master_is_replica) || !node.alive() || node.last_asked >= since;
  });
}

/// The very server that the journal knows answers.
bool old_master_lives(const Knowledge& knowledge) {
  if (!knowledge.master) return false;
  const NodeView& node = knowledge.node(*knowledge.master);
  return node.alive() && node.info && node.info->run_id == knowledge.record.server_id;
}

/// A replica whose old link still says "up" may hold bytes it has not read: its offset does not stand still yet. (An ordered
/// failover, in the middle of which the master restarted, was found by the simulator.)
bool offsets_stand_still(const Knowledge& knowledge, Reason cause) {
  const bool restarted = cause == Reason::server_changed || cause == Reason::master_emptied;
  const bool died_meanwhile = cause == Reason::operator_request && knowledge.master && !old_master_lives(knowledge);
  if (!restarted && !died_meanwhile) return true;
  return std::none_of(knowledge.nodes.begin(), knowledge.nodes.end(), [&](const NodeView& node) {
    return node.outcome == Outcome::ok && knowledge.follows_directly(node, *knowledge.master) && node.info->link_up &&
           node.info->replid == knowledge.history.replid;
  });
}

/// After silence, a replica whose link came up again speaks for the old master.
bool a_replica_hears_it(const Knowledge& knowledge) {
  return std::any_of(knowledge.nodes.begin(), knowledge.nodes.end(), [&](const NodeView& node) {
    return node.outcome == Outcome::ok && knowledge.follows_directly(node, *knowledge.master) && node.info->link_up;
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
  record.replid = context.knowledge.history.replid;
  record.offset = context.knowledge.history_offset;
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
  const auto patience = policy.health.timeout / (plan_.cause == Reason::silence ? 10 : 5);
  fence_deadline_ = context.now + patience;
  fencing_ = true;
  context.out.send(RunStep{*context.knowledge.master, Step::fence, {}, policy.health.timeout / 5,
                           3 * policy.failover.step_timeout});
}

/// Whoever answers is asked once before a promote who else may decide (safety.md §7), and not waited for for long.
bool FailoverMachine::deciders_told(const Context& context) const {
  bool all_told = true;
  for (std::size_t i = 0; i < context.knowledge.nodes.size(); ++i) {
    const NodeView& node = context.knowledge.nodes[i];
    if (!node.alive() || node.deciders.told_since(surveyed_since_)) continue;
    all_told = false;
    if (!node.deciders.pending) ask_deciders(context.knowledge, context.out, NodeId{static_cast<std::uint16_t>(i)}, context.now);
  }
  return all_told || context.now >= surveyed_since_ + context.knowledge.settings->health.timeout / 5;
}

std::optional<FailoverMachine::Ended> FailoverMachine::survey(const Context& context) {
  const Knowledge& knowledge = context.knowledge;
  const bool told = deciders_told(context);
  if (!survey_complete(knowledge, plan_, *observe_since_, context.now)) return std::nullopt;
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
  enter_targeting(context, *candidate);
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
  if (!received(context.knowledge.history, seen_target_)) {
    // The operator accepted its loss: a later run must know it by the history it has.
    record.replid = seen_target_.replid;
    record.offset = seen_target_.offset;
  }
  write(context);
}

void FailoverMachine::enter_promoting(const Context& context) {
  state_ = State::promoting;
  observe_since_ = context.now;
  const auto timeout = context.knowledge.settings->failover.step_timeout;
  deadline_ = context.now + promote_patience * timeout;
  context.out.send(RunStep{*target_, Step::promote, {}, timeout, {}});
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
  record.replid = node.info->replid;
  record.offset = node.info->offset;
  record.target.clear();
  record.fenced = false;
  remember_server(record, record.server_id);
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
         node.info->run_id == seen_target_.run_id && node.info->replid2 == seen_target_.replid;
}

/// Another server answers under its name (a restart), or it took over another's data before it was promoted: what it was
/// chosen for may be gone. Or it refused and was seen unchanged.
bool FailoverMachine::target_is_lost(const Context& context) const {
  const NodeView& node = context.knowledge.node(*target_);
  if (node.info->run_id != seen_target_.run_id) return true;
  const bool promoted = state_ == State::promoting && node.says(Role::master) && node.info_asked >= *observe_since_;
  if (promoted && node.info->replid2 != seen_target_.replid) return true;
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
