#include "health/core/change/failover.hpp"

#include <algorithm>
#include <utility>

#include "config/base/assert.hpp"
#include "health/core/change/tell.hpp"
#include "health/core/judgement/copies.hpp"
#include "health/core/judgement/deciders.hpp"
#include "health/core/judgement/read_only.hpp"
#include "health/core/judgement/survey.hpp"

namespace sengu::health {
namespace {

using namespace std::chrono_literals;

constexpr auto barrier_patience = 1s;  // the barrier is looked at again by then

Choice choice_of(const FailoverPlan& plan, Time now) { return {plan.cause, plan.to, plan.loss, plan.lost_at, now}; }

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

FailoverMachine::State FailoverMachine::state() const {
  switch (promotion_.stage()) {
    case Promotion::Stage::none: return state_;
    case Promotion::Stage::targeting: return State::targeting;
    case Promotion::Stage::promoting: return State::promoting;
    case Promotion::Stage::confirming: return State::confirming;
  }
  return state_;
}

std::optional<NodeId> FailoverMachine::target() const {
  if (promotion_.stage() != Promotion::Stage::none) return promotion_.target();
  return state_ == State::applying ? std::optional(applying_.target()) : std::nullopt;
}

std::optional<Time> FailoverMachine::wants_observations_since() const {
  switch (promotion_.stage()) {
    case Promotion::Stage::promoting: return promotion_.told_at();
    case Promotion::Stage::confirming: return std::nullopt;
    case Promotion::Stage::none:
    case Promotion::Stage::targeting: break;
  }
  return observe_since_;
}

Time FailoverMachine::deadline() const {
  const bool sent =
      promotion_.stage() == Promotion::Stage::promoting || promotion_.stage() == Promotion::Stage::confirming;
  return sent ? promotion_.deadline() : deadline_;
}

void FailoverMachine::begin(const ChangeContext& context, const FailoverPlan& plan) {
  SENGU_ASSERT(!active());
  plan_ = plan;
  record_switching(context.knowledge, plan.cause);
  context.knowledge.master_verified = false;
  state_ = State::barrier;
  deadline_ = context.now + barrier_patience;
  write_.begin(context.knowledge, context.out);
}

void FailoverMachine::adopt(const ChangeContext& context, NodeId node, Reason reason) {
  SENGU_ASSERT(!active());
  Knowledge& knowledge = context.knowledge;
  if (knowledge.record.fenced && knowledge.master == node) {
    tell(knowledge, context.out, RunStep{node, Step::unfence, {}, context.settings().failover.step_timeout, {}});
  }
  plan_ = {};
  plan_.cause = reason;
  record_new_epoch(knowledge);
  promotion_.confirm(context, node);
}

void FailoverMachine::resume_promotion(const ChangeContext& context, NodeId target) {
  SENGU_ASSERT(!active());
  plan_ = {};
  plan_.cause = Reason::resumed;
  promotion_.confirm(context, target);
}

void FailoverMachine::then(const Order& order) {
  SENGU_ASSERT(active());
  plan_.next = order;
}

void FailoverMachine::journal_written(const JournalWritten& written) {
  write_.take(written);
  promotion_.journal_written(written);
}

void FailoverMachine::step_done(Time now, const StepDone& done) {
  promotion_.step_done(now, done);
  if (done.step != Step::fence || done.node != fenced_ || fence_ != Fence::told) return;
  fence_ = Fence::none;
  // Behind the fence offsets stand still: ask the nodes again (RULES §3.2).
  if (state() == State::survey && done.result == StepResult::done) observe_since_ = now;
}

/// Why the failover stops before the promote is sent: a master that lives after all is worth more than any candidate,
/// also one that a person keeps read-only; and a pause of the operator counts.
Reason FailoverMachine::why_stop(const ChangeContext& context) const {
  const Knowledge& known = context.knowledge;
  const bool on_evidence =
      plan_.cause == Reason::silence || plan_.cause == Reason::process_death || plan_.cause == Reason::resumed;
  if (on_evidence && (known.master_verified || lives_read_only_by_hand(known))) return Reason::master_alive_again;
  if (context.paused && plan_.cause != Reason::operator_request) return Reason::paused;
  return Reason::none;
}

std::optional<FailoverMachine::Ended> FailoverMachine::advance(const ChangeContext& context) {
  switch (state()) {
    case State::idle: return std::nullopt;
    case State::barrier: return wait_for_barrier(context);
    case State::survey: return survey(context);
    case State::applying: return apply(context);
    case State::targeting:
    case State::promoting:
    case State::confirming: break;
  }
  const auto result = promotion_.advance(context, why_stop(context));
  return result ? std::optional(end(*result)) : std::nullopt;
}

std::optional<FailoverMachine::Ended> FailoverMachine::wait_for_barrier(const ChangeContext& context) {
  if (write_.failed()) return end(Reason::journal_unwritable);
  if (const Reason reason = why_stop(context); reason != Reason::none) return end(reason);
  if (write_.durable() && context.route_acknowledged && context.may_act) enter_survey(context);
  return std::nullopt;
}

void FailoverMachine::enter_survey(const ChangeContext& context) {
  state_ = State::survey;
  observe_since_ = surveyed_since_ = context.now;
  deadline_ = context.now + context.settings().failover.step_timeout;
  const Knowledge& knowledge = context.knowledge;
  // The clients of a stranger at the master's address are not ours to hold up.
  const bool a_server_is_there = knowledge.record.fenced && knowledge.node(*knowledge.master).refused.count == 0 &&
                                 plan_.cause != Reason::stranger;
  fence_ = a_server_is_there ? Fence::owed : Fence::none;
  fence_deadline_ = context.now + fence_patience(context);
}

/// A fifth of the probe timeout (RULES §4.1); half of that where the master has been silent for down_after already,
/// since the cut is the barrier and the fence is for clients that bypass us. Where a fence lasts, a living master first
/// lets go what waits for an acknowledgement, which takes up to a second; then it stands still.
Milliseconds FailoverMachine::fence_patience(const ChangeContext& context) const {
  const auto& settings = context.settings();
  if (context.rules().fence_lasts && old_master_lives(context.knowledge)) return settings.failover.step_timeout;
  return settings.health.timeout / (plan_.cause == Reason::silence ? 10 : 5);
}

/// One attempt. While another step is under way at the old master, such as the unfence of the failover before, the
/// fence waits for its end: it would be undone by that step.
void FailoverMachine::fence(const ChangeContext& context) {
  if (fence_ != Fence::owed) return;
  const auto& settings = context.settings();
  const NodeId id = *context.knowledge.master;
  if (context.knowledge.node(id).told.step) return;
  const auto patience = fence_patience(context);
  const bool lasts = context.rules().fence_lasts && old_master_lives(context.knowledge);
  if (lasts) deadline_ += patience;
  fence_ = Fence::told;
  fenced_ = id;
  fence_deadline_ = context.now + patience;
  const auto timeout = lasts ? patience : settings.health.timeout / 5;
  tell(context.knowledge, context.out, RunStep{id, Step::fence, {}, timeout, fence_pause(settings)});
}

void FailoverMachine::unfence(const ChangeContext& context) const {
  Knowledge& knowledge = context.knowledge;
  if (!knowledge.master || !knowledge.record.fenced || !knowledge.node(*knowledge.master).alive()) return;
  tell(knowledge, context.out,
       RunStep{*knowledge.master, Step::unfence, {}, context.settings().failover.step_timeout, {}});
}

/// Before a promote each node that answers is asked once for other deciders (RULES §7.3). The wait for its answer is
/// short.
bool FailoverMachine::deciders_told(const ChangeContext& context) const {
  bool all_told = true;
  for (std::size_t i = 0; i < context.knowledge.nodes.size(); ++i) {
    const NodeView& node = context.knowledge.nodes[i];
    if (!node.alive() || node.deciders.told_since(surveyed_since_)) continue;
    all_told = false;
    if (!node.deciders.pending) ask_deciders(context.knowledge, context.out, node_id(i), Lane::urgent, context.now);
  }
  return all_told || context.now >= surveyed_since_ + context.settings().health.timeout / 5;
}

std::optional<FailoverMachine::Ended> FailoverMachine::survey(const ChangeContext& context) {
  if (!context.may_act) {
    observe_since_ = surveyed_since_ = context.now;  // what was seen before a stall is void
    return std::nullopt;
  }
  if (const Reason reason = why_stop(context); reason != Reason::none) return end(reason);
  const Knowledge& knowledge = context.knowledge;
  fence(context);
  const bool told = deciders_told(context);
  stop_receivers(context);
  if (!survey_complete(context)) return std::nullopt;
  if (fence_ != Fence::none && context.now < fence_deadline_) return std::nullopt;
  const bool patient = context.now < *observe_since_ + knowledge.settings->health.timeout;
  if (patient && !offsets_stand_still(knowledge, plan_.cause)) return std::nullopt;
  if (plan_.cause == Reason::silence && a_replica_hears_it(knowledge)) return end(Reason::witness_hears_master);
  if (!told) return std::nullopt;
  if (plan_.cause != Reason::operator_request && has_other_deciders(knowledge)) return end(Reason::two_deciders);
  return choose(context);
}

std::optional<FailoverMachine::Ended> FailoverMachine::choose(const ChangeContext& context) {
  const Knowledge& knowledge = context.knowledge;
  const Choice choice = choice_of(plan_, context.now);
  const auto candidate = select_candidate(knowledge, choice).candidate;
  if (!candidate) return end(Reason::no_good_replica);
  const bool planned = plan_.cause == Reason::operator_request && plan_.loss == LossPolicy::keep_writes;
  if (planned && still_catching_up(knowledge, *candidate, *observe_since_)) {
    if (context.now < deadline_) return std::nullopt;
    return end(Reason::still_behind);
  }
  // The operator named the candidate and the old master is gone: writes that only another replica has would be lost
  // unasked.
  if (planned && is_behind_another(knowledge, *candidate, choice)) return end(Reason::still_behind);
  if (must_stop_receiving(knowledge, plan_.cause) && still_receives(knowledge.node(*candidate)))
    return end(Reason::step_failed);
  untold_ = hearing_of(knowledge, knowledge.node(*candidate), plan_.lost_at) == Hearing::untold;
  if (context.rules().applies_later) {
    enter_applying(context, *candidate);
  } else {
    enter_targeting(context, *candidate);
  }
  return std::nullopt;
}

/// Each replica that answers stops receiving before what the replicas received is compared.
void FailoverMachine::stop_receivers(const ChangeContext& context) const {
  if (!must_stop_receiving(context.knowledge, plan_.cause)) return;
  for (std::size_t i = 0; i < context.knowledge.nodes.size(); ++i) {
    NodeView& node = context.knowledge.nodes[i];
    if (node.told.step || !node.alive() || !still_receives(node)) continue;
    const bool waits = node.told.failures > 0 && context.now < node.told.retry;
    if (waits || node.info_asked < node.told.done) continue;  // not seen since it was told
    node.replica.stopped_by_us = true;
    tell(context.knowledge, context.out,
         RunStep{node_id(i), Step::stop_receiving, {}, context.settings().failover.step_timeout});
  }
}

/// Nodes whose answer the survey waits for: those that answered when last asked.
bool FailoverMachine::survey_complete(const ChangeContext& context) const {
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

void FailoverMachine::enter_applying(const ChangeContext& context, NodeId target) {
  state_ = State::applying;
  observe_since_.reset();
  applying_.begin(context, choice_of(plan_, context.now), target);
}

void FailoverMachine::accept_loss(std::optional<NodeId> to) {
  SENGU_ASSERT(state() == State::applying);
  plan_.loss = LossPolicy::accept_loss;
  plan_.to = to;
}

std::optional<FailoverMachine::Ended> FailoverMachine::apply(const ChangeContext& context) {
  if (!context.may_act) return std::nullopt;
  if (const Reason reason = why_stop(context); reason != Reason::none) return end(reason);
  const auto result = applying_.advance(context, choice_of(plan_, context.now));
  if (!result) return std::nullopt;
  if (*result != Reason::none) return end(*result);
  enter_targeting(context, applying_.target());
  return std::nullopt;
}

void FailoverMachine::enter_targeting(const ChangeContext& context, NodeId target) {
  state_ = State::idle;
  promotion_.choose(context, target, plan_.loss);
}

FailoverMachine::Ended FailoverMachine::end(Reason result) {
  Ended ended{result, target(), promotion_.seen(), std::exchange(untold_, false), plan_};
  state_ = State::idle;
  observe_since_.reset();
  fence_ = Fence::none;
  write_.forget();
  promotion_.end();
  return ended;
}

}  // namespace sengu::health
