#include "health/core/judgement/schedule.hpp"

#include <algorithm>

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto events_asked_each = 1min;
constexpr auto events_asked_again = 10s;  // while people may be at it, or where no answer came
constexpr std::size_t longest_part = 2000;
constexpr const char* switch_scheduler_on = "SET GLOBAL event_scheduler=ON";

using State = ScheduledEvent::State;
using Scheduler = ScheduledEvents::Scheduler;

const NodeEvents* asked_events(const Knowledge& known, std::optional<NodeId> id) {
  const auto& nodes = known.schedule.nodes;
  return id && index(*id) < nodes.size() ? &nodes[index(*id)] : nullptr;
}

/// The master has not answered since it became one.
bool is_new(const Knowledge& known, const Handover& handover) {
  const auto* node = asked_events(known, known.master);
  return node == nullptr || node->pending || node->sent < handover.at;
}

/// What was left there is taken for all that was enabled: it cannot be looked at.
bool hides_its_events(const Knowledge& known, const Handover& handover) {
  return !handover.looked && handover.from != known.master && !is_new(known, handover);
}

}  // namespace

Time events_due(const Knowledge& known, NodeId id) {
  const auto* node = asked_events(known, id);
  if (known.node(id).outcome != Outcome::ok || (node != nullptr && node->pending)) return Time::max();
  if (node == nullptr || !node->due_after) return Time::min();
  const bool is_left = known.master == id && (!statements_left(known).empty() || !unknown_events(known).empty());
  const bool is_blind = node->told && !node->told->visible && node->told->scheduler == Scheduler::on;
  const bool again = is_left || is_blind || node->unanswered > 0;
  return *node->due_after + (again ? Duration(events_asked_again) : Duration(events_asked_each));
}

std::optional<ScheduledEvents> what_it_hands_over(const Knowledge& known) {
  const auto& handover = known.schedule.handover;
  if (!known.schedule.of_master) return handover && is_new(known, *handover) ? handover->had : std::nullopt;
  ScheduledEvents had = *known.schedule.of_master;
  if (!handover) return had;
  for (ScheduledEvent& one : had.all) {
    const bool is_left = std::any_of(handover->left.begin(), handover->left.end(),
                                     [&](const ScheduledEvent& left) { return left.is_same_as(one); });
    if (is_left && one.state == State::replica_side_disabled) one.state = State::enabled;
  }
  if (handover->scheduler_left) had.scheduler = *handover->scheduler_left;
  return had;
}

std::vector<ScheduledEvent> unknown_events(const Knowledge& known) {
  const auto& handover = known.schedule.handover;
  const auto* told = known.master ? known.schedule.told_by(*known.master) : nullptr;
  if (told == nullptr || !known.node(*known.master).says(Role::master) || (handover && handover->had)) return {};
  return in_state(*told, State::replica_side_disabled);
}

std::vector<std::string> statements_left(const Knowledge& known) {
  const auto& handover = known.schedule.handover;
  if (!handover || !handover->had || !(handover->looked || hides_its_events(known, *handover))) return {};
  std::vector<std::string> statements = enable_statements(handover->left);
  const bool follows = known.settings->scheduled_events == config::ScheduledEvents::follow;
  if (handover->scheduler_left == Scheduler::on && (follows || !statements.empty()))
    statements.emplace_back(switch_scheduler_on);
  return statements;
}

std::vector<std::string> statements_of_unknown(const Knowledge& known) {
  const auto unknown = unknown_events(known);
  std::vector<std::string> statements = enable_statements(unknown);
  const auto* told = known.master ? known.schedule.told_by(*known.master) : nullptr;
  if (!statements.empty() && told->scheduler == Scheduler::off) statements.emplace_back(switch_scheduler_on);
  return statements;
}

bool runs_events_as_a_replica(const Knowledge& known, NodeId id) {
  const NodeView& node = known.node(id);
  const auto* told = known.schedule.told_by(id);
  if (told == nullptr || known.master == id || !node.says(Role::replica) || !node.info->sql) return false;
  const bool stopped = node.info->sql->flavour == SqlInfo::Flavour::mysql && node.info->sql->super_read_only;
  return !stopped && told->scheduler == Scheduler::on && !in_state(*told, State::enabled).empty();
}

std::vector<std::string> in_parts(const std::vector<std::string>& statements) {
  std::vector<std::string> parts;
  for (const std::string& one : statements) {
    if (parts.empty() || parts.back().size() + one.size() > longest_part) parts.emplace_back(one);
    else parts.back() += "; " + one;
  }
  return parts;
}

}  // namespace sengu::health
