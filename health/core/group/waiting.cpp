#include "health/core/group/waiting.hpp"

#include <algorithm>

namespace sengu::health {

namespace {

std::string count_text(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " transaction" : " transactions");
}

/// By position it is not known how many transactions that are.
bool hides_what_it_received(const ServerInfo& info) {
  return info.sql->by_position && !info.sql->by_position->all_applied();
}

/// What was received last was written before the master was lost.
std::string delay_text(const GroupState& group, const ServerInfo& target) {
  if (!is_delayed(target)) return {};
  const auto& sql = *target.sql;
  const Duration left = group.machine.plan().lost_at + sql.delay - group.now;
  const auto seconds = std::max(std::chrono::ceil<std::chrono::seconds>(left), std::chrono::seconds(0));
  return "; it is delayed by " + std::to_string(sql.delay.count()) + " s (" +
         (sql.flavour == SqlInfo::Flavour::mariadb ? "MASTER_DELAY" : "SOURCE_DELAY") + "), which is over in " +
         std::to_string(seconds.count()) + " s at most";
}

std::string way_out(const GroupState& group) {
  const FailoverPlan& plan = group.machine.plan();
  const Choice choice{plan.cause, std::nullopt, LossPolicy::accept_loss, plan.lost_at, group.now};
  const auto other = select_candidate(group.known, choice).candidate;
  if (!other) return {};
  return "; failover " + group.known.settings->name + " --accept-loss promotes " +
         group.known.node(*other).settings->name + ", and " + what_is_given_up(group.known, *other) + " lost";
}

std::string bytes_given_up(const Knowledge& known, const ServerInfo& target) {
  const auto held = received(known.history, target);
  std::int64_t most = held ? held->offset : 0;
  for (const NodeView& node : known.nodes) {
    if (!node.alive() || !node.says(Role::replica)) continue;
    if (const auto its = received(known.history, *node.info)) most = std::max(most, its->offset);
  }
  return std::to_string(most - (held ? held->offset : 0)) + " bytes that it has not received are";
}

}  // namespace

std::string what_is_waited_for(const GroupState& group) {
  if (group.machine.state() != FailoverMachine::State::applying) return {};
  const NodeView& target = group.known.node(*group.machine.target());
  const std::int64_t left = target.info->sql->received.without(target.info->sql->executed).count();
  const std::string what = hides_what_it_received(*target.info) ? "what it has read of the master's log"
                                                                : count_text(left) + " that it has received";
  return target.settings->name + " is to be the master, and has yet to apply " + what +
         delay_text(group, *target.info) + way_out(group);
}

std::string what_is_given_up(const Knowledge& known, NodeId chosen) {
  const ServerInfo& target = *known.node(chosen).info;
  if (!target.sql) return bytes_given_up(known, target);
  GtidSet all;
  bool at_least = false;
  for (const NodeView& node : known.nodes) {
    if (!node.alive() || !node.says(Role::replica) || !node.info->sql) continue;
    all.add(node.info->sql->received.without(errant(known.history, *node.info)));
    at_least |= hides_what_it_received(*node.info);
  }
  const std::int64_t count = all.minus(target.sql->executed).count();
  return (at_least ? "at least " : "") + count_text(count) + " that it has not applied " + (count == 1 ? "is" : "are");
}

}  // namespace sengu::health
