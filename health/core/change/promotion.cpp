#include "health/core/change/promotion.hpp"

#include "config/base/assert.hpp"
#include "health/core/change/tell.hpp"

namespace sengu::health {
namespace {

using namespace std::chrono_literals;

constexpr auto journal_retry = 100ms;
constexpr int promote_patience = 2;  // step_timeouts: one for the step itself, one to observe it

}  // namespace

void Promotion::choose(const ChangeContext& context, NodeId target, LossPolicy loss) {
  stage_ = Stage::targeting;
  target_ = target;
  loss_ = loss;
  seen_ = *context.knowledge.node(target).info;
  if (seen_.sql && loss == LossPolicy::accept_loss) seen_.sql->received = seen_.sql->executed;
  refused_.reset();
  record_target(context.knowledge, target, seen_);
  write_.begin(context.knowledge, context.out);
}

void Promotion::promote(const ChangeContext& context) {
  stage_ = Stage::promoting;
  told_at_ = context.now;
  const auto timeout = context.settings().failover.step_timeout;
  deadline_ = context.now + promote_patience * timeout;
  const Endpoint other = context.rules().applies_later ? donor(context.knowledge) : Endpoint{};
  context.knowledge.node(target_).replica.stopped_by_us =
      context.rules().steps_stop_replication;  // the step stops the threads first
  RunStep step{target_, Step::promote, other, timeout, {}, loss_};
  if (seen_.sql && seen_.sql->by_position && seen_.sql->by_position->at_rest)
    step.rest = seen_.sql->by_position->received;
  tell(context.knowledge, context.out, step);
}

/// MySQL: where the target's relay log ends within a transaction, its applier waits a minute for the rest of it before
/// it stops. Another replica's stream ends the wait, and must bring nothing else.
Endpoint Promotion::donor(const Knowledge& knowledge) const {
  for (const NodeView& node : knowledge.nodes) {
    const bool is_target = &node == &knowledge.node(target_);
    if (is_target || node.outcome != Outcome::ok || !node.says(Role::replica) || !node.info->sql) continue;
    if (seen_.sql->received.contains(node.info->sql->received)) return node.settings->replication_address;
  }
  return {};
}

void Promotion::confirm(const ChangeContext& context, NodeId master) {
  const NodeView& node = context.knowledge.node(master);
  SENGU_ASSERT(node.says(Role::master));
  stage_ = Stage::confirming;
  target_ = master;
  seen_ = *node.info;
  record_master(context.knowledge, master);
  deadline_ = context.now + journal_retry;
  write_.begin(context.knowledge, context.out);
}

void Promotion::step_done(Time now, const StepDone& done) {
  const bool of_target = stage_ == Stage::promoting && done.step == Step::promote && done.node == target_;
  if (of_target && done.result != StepResult::done) refused_ = now;
}

std::optional<Reason> Promotion::advance(const ChangeContext& context, Reason stop) {
  switch (stage_) {
    case Stage::none: return std::nullopt;
    case Stage::targeting:
      if (write_.failed()) return Reason::journal_unwritable;
      if (!context.may_act) return std::nullopt;
      if (stop != Reason::none) return stop;
      if (lost(context)) return Reason::step_failed;
      if (context.knowledge.node(target_).told.step) return std::nullopt;  // two steps would undo each other
      if (write_.durable() && context.route_acknowledged) promote(context);
      return std::nullopt;
    case Stage::promoting:
      if (observed(context)) {
        confirm(context, target_);
      } else if (context.now >= deadline_ || lost(context)) {
        return Reason::step_failed;
      }
      return std::nullopt;
    case Stage::confirming:
      if (write_.durable() && context.route_acknowledged) return Reason::none;
      if (write_.failed() && context.now >= deadline_) {
        deadline_ = context.now + journal_retry;
        write_.begin(context.knowledge, context.out);
      }
      return std::nullopt;
  }
  return std::nullopt;
}

/// The chosen server, asked after the promote was sent, says master.
bool Promotion::observed(const ChangeContext& context) const {
  const NodeView& node = context.knowledge.node(target_);
  return node.says(Role::master) && node.outcome == Outcome::ok && node.info_asked >= told_at_ &&
         goes_on_from(*node.info, seen_);
}

/// The promotion has failed where another process answers under the target's address (a restart), or the target took
/// over another node's data before the promote: the data that it was chosen for may be gone. Also where the target
/// refused the promote and was seen as a replica afterwards.
bool Promotion::lost(const ChangeContext& context) const {
  const NodeView& node = context.knowledge.node(target_);
  if (node.info->run_id != seen_.run_id) return true;
  const bool promoted = stage_ == Stage::promoting && node.says(Role::master) && node.info_asked >= told_at_;
  if (promoted && !goes_on_from(*node.info, seen_)) return true;
  return refused_ && node.last_asked >= *refused_;
}

void Promotion::end() {
  stage_ = Stage::none;
  write_.forget();
}

}  // namespace sengu::health
