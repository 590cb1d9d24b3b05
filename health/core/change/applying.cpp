#include "health/core/change/applying.hpp"

#include <algorithm>

#include "health/core/change/tell.hpp"
#include "health/core/judgement/survey.hpp"

namespace sengu::health {

namespace {

/// MariaDB drops its relay log whenever the applier is started again: there the delay is waited for (RULES §5.5).
bool may_lift_delay(const ServerInfo& info) { return is_delayed(info) && info.sql->flavour == SqlInfo::Flavour::mysql; }

}  // namespace

void Applying::begin(const ChangeContext& context, const Choice& choice, NodeId target) {
  target_ = target;
  seen_ = *context.knowledge.node(target).info;
  since_ = progressed_ = context.now;
  compares_ = is_to_be_compared(context.knowledge, choice);
  applied_ = progress(context);
}

std::int64_t Applying::progress(const ChangeContext& context) const {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < context.knowledge.nodes.size(); ++i) {
    const auto& info = context.knowledge.nodes[i].info;
    const bool counts = node_id(i) == target_ || (compares_ && info && info->sql->by_position);
    if (counts) sum += info->sql->executed.position();
  }
  return sum;
}

/// The wait lasts as long as the relay log shrinks.
std::optional<Reason> Applying::advance(const ChangeContext& context, const Choice& choice) {
  const NodeView& node = context.knowledge.node(target_);
  if (node.info->run_id != seen_.run_id || node.shown.sdown) return Reason::step_failed;
  const std::int64_t position = progress(context);
  if (position > applied_) progressed_ = context.now;
  applied_ = std::max(applied_, position);
  if (choice.loss == LossPolicy::accept_loss) {
    const auto best = select_candidate(context.knowledge, choice).candidate;
    target_ = best.value_or(target_);
    return best ? Reason::none : Reason::no_good_replica;
  }
  const SqlInfo& sql = *node.info->sql;
  const bool lifts = node.told.step == Step::lift_delay || receives_for_lift(node);
  const bool applied = sql.executed.contains(seen_.sql->received) && all_applied(*node.info) && !lifts;
  if (applied) return compare(context, choice);
  if (!sql.apply_error.empty()) return Reason::applier_error;
  if (!sql.applying && !may_lift_delay(seen_)) return Reason::applier_stopped;
  help_target(context);
  return std::nullopt;
}

/// The target has applied all. MariaDB's replicas that do not follow one log by file and position show only now, by
/// their GTIDs, who has received most: each has to apply what it has first.
std::optional<Reason> Applying::compare(const ChangeContext& context, const Choice& choice) {
  if (!compares_) return Reason::none;
  if (one_is_out_of_sight(context) || is_to_be_compared(context.knowledge, choice)) return std::nullopt;
  const auto best = select_candidate(context.knowledge, choice).candidate;
  if (!best) return Reason::no_good_replica;
  if (choice.only && is_behind_another(context.knowledge, *best, choice)) return Reason::still_behind;
  if (best == target_) return Reason::none;
  begin(context, choice, *best);
  return std::nullopt;
}

/// One that was to be compared, and whose last probe failed, is no less likely to hold most: it is waited for until it
/// is seen again, or is down for good.
bool Applying::one_is_out_of_sight(const ChangeContext& context) const {
  const auto& nodes = context.knowledge.nodes;
  return std::any_of(nodes.begin(), nodes.end(), [](const NodeView& node) {
    const bool was_to_be = node.says(Role::replica) && node.info->sql && node.info->sql->by_position;
    return was_to_be && !node.shown.sdown && (node.outcome != Outcome::ok || !node.tracker.up());
  });
}

/// The receiver runs while a delay is lifted. Nothing may come any more once the target is promoted.
bool Applying::receives_for_lift(const NodeView& target) const {
  return may_lift_delay(seen_) && still_receives(target);
}

/// One step at a time. An applier that a lift of its delay left stopped is started by the next one.
void Applying::help_target(const ChangeContext& context) const {
  NodeView& node = context.knowledge.node(target_);
  if (node.told.step || !node.alive() || node.info_asked < node.told.done) return;
  const auto& settings = context.settings();
  const SqlInfo& sql = *node.info->sql;
  Step step = Step::apply_received;
  if (settings.semi_sync == config::SemiSync::automatic && sql.semi_sync_source == SemiSync::on) {
    step = Step::semi_sync_off;  // its applier waits for an acknowledgement (RULES §9.3)
  } else if (may_lift_delay(*node.info) || !sql.applying || receives_for_lift(node)) {
    step = Step::lift_delay;
  }
  if (step != Step::apply_received && node.told.failures > 0 && context.now < node.told.retry) return;
  if (step == Step::lift_delay) node.replica.stopped_by_us = true;
  tell(context.knowledge, context.out, RunStep{target_, step, {}, settings.failover.step_timeout});
}

}  // namespace sengu::health
