#include "health/core/group/schedule.hpp"

#include <algorithm>
#include <utility>

#include "config/base/printable.hpp"
#include "health/core/group/events.hpp"
#include "health/core/judgement/schedule.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr int most_unanswered = 3;
constexpr auto following_pause = 1s;  // after a step; doubles while nothing more is enabled
constexpr int most_following_doublings = 6;

using State = ScheduledEvent::State;
using Scheduler = ScheduledEvents::Scheduler;

bool follows_events(const Scene& scene) { return scene.settings().scheduled_events == config::ScheduledEvents::follow; }

void ask_anew(Schedule& schedule) {
  for (NodeEvents& node : schedule.nodes) node.due_after.reset();
}

/// The events that were enabled and wait for it on the present master. One that is not there is not missed, and one
/// that people switched off by now stays so.
std::vector<ScheduledEvent> left_by(const std::vector<ScheduledEvent>& enabled, const ScheduledEvents& now) {
  std::vector<ScheduledEvent> left;
  for (const ScheduledEvent& one : enabled) {
    const auto* event = find(now, one);
    if (event != nullptr && event->state == State::replica_side_disabled) left.push_back(one);
  }
  return left;
}

void report_enabled(const Scene& scene, const std::vector<ScheduledEvent>& before, const ScheduledEvents& now) {
  std::vector<ScheduledEvent> enabled;
  for (const ScheduledEvent& one : before) {
    const auto* event = find(now, one);
    if (event != nullptr && event->state == State::enabled) enabled.push_back(one);
  }
  if (enabled.empty()) return;
  scene.known.schedule.following.failures = 0;
  scene.known.schedule.following.retry = scene.now;
  emit_node(scene, EventKind::events_enabled, *scene.known.master, Reason::none,
            "events=" + printable(names_of(enabled)));
}

void say_statements(const Scene& scene, NodeId node, const std::string& head, const std::vector<std::string>& all) {
  for (const std::string& part : in_parts(all))
    emit_node(scene, EventKind::events_left, node, Reason::none, head + "statements=" + printable(part));
}

/// The demoted master goes on running its events, which is what "leave" means; only MySQL's super_read_only stops them.
void say_what_goes_on(const Scene& scene, const Handover& handover) {
  const NodeView& before = scene.known.node(handover.from);
  const bool mariadb = before.info && before.info->sql && before.info->sql->flavour == SqlInfo::Flavour::mariadb;
  const bool runs = handover.had && handover.had->scheduler == Scheduler::on;
  if (!runs || !mariadb || follows_events(scene) || in_state(*handover.had, State::enabled).empty()) return;
  say_statements(scene, handover.from, "", {"SET GLOBAL event_scheduler=OFF"});
}

/// Said once for each change of master. Where sengu switches them on itself, only what it could not.
void say_what_is_left(const Scene& scene) {
  Schedule& schedule = scene.known.schedule;
  Handover& handover = *schedule.handover;
  const bool by_itself = follows_events(scene) && handover.by == Handover::By::sengu && handover.had;
  if (handover.said || handover.from == *scene.known.master || (by_itself && schedule.following.error.empty())) return;
  const bool known = handover.had.has_value();
  const auto statements = known ? statements_left(scene.known) : statements_of_unknown(scene.known);
  if (statements.empty()) return;
  handover.said = true;
  const std::string from = "from=" + scene.known.node(handover.from).settings->name + " ";
  say_what_goes_on(scene, handover);
  say_statements(scene, *scene.known.master, from + (known ? "" : "enabled=unknown "), statements);
}

void review(const Scene& scene, const ScheduledEvents& now) {
  Handover& handover = *scene.known.schedule.handover;
  const bool first = !std::exchange(handover.looked, true);
  const auto before = std::exchange(handover.left, left_by(handover.left, now));
  if (!first) report_enabled(scene, before, now);
  if (first && handover.had && handover.had->scheduler != now.scheduler)
    handover.scheduler_left = handover.had->scheduler;
  if (handover.scheduler_left == now.scheduler) handover.scheduler_left.reset();
}

}  // namespace

void ask_events(const Scene& scene) {
  Schedule& schedule = scene.known.schedule;
  for (std::size_t i = 0; i < scene.known.nodes.size(); ++i) {
    const NodeId id = node_id(i);
    if (scene.now < events_due(scene.known, id)) continue;
    NodeEvents& node = schedule.of(id);
    node.pending = true;
    node.sent = scene.now;
    node.due_after = scene.now;
    scene.out.send(AskEvents{id, scene.settings().failover.step_timeout});
  }
}

void take_events(const Scene& scene, const EventsTold& told) {
  NodeEvents& node = scene.known.schedule.of(told.node);
  node.pending = false;
  node.untold = told.text;
  node.unanswered = told.events || !told.text.empty() ? 0 : node.unanswered + 1;
  if (told.events || !told.text.empty() || node.unanswered >= most_unanswered) node.told = told.events;
}

void look_at_masters_events(const Scene& scene, NodeId id) {
  Schedule& schedule = scene.known.schedule;
  if (index(id) >= schedule.nodes.size()) return;  // not asked yet
  const NodeEvents& node = schedule.of(id);
  if (scene.known.master != id || !scene.known.master_verified || !scene.known.node(id).says(Role::master)) return;
  const bool of_now = !schedule.handover || node.sent >= schedule.handover->at;
  if (!of_now || node.pending) return;
  if (!node.told || !node.told->visible) {
    schedule.of_master.reset();  // not known any more
  } else if (node.unanswered == 0) {
    schedule.of_master = node.told;
    if (schedule.handover) review(scene, *node.told);
  }
  if (schedule.handover) say_what_is_left(scene);
}

void hand_events_over(const Scene& scene, NodeId from, Handover::By by, Reason cause,
                      std::optional<ScheduledEvents> had) {
  Schedule& schedule = scene.known.schedule;
  Handover handover;
  handover.from = from;
  handover.at = scene.now;
  handover.by = by;
  handover.cause = cause;
  handover.had = std::move(had);
  if (handover.had) handover.left = in_state(*handover.had, State::enabled);
  schedule.handover = std::move(handover);
  if (from != *scene.known.master) schedule.of_master.reset();
  const bool running = std::exchange(schedule.following, {}).running;
  schedule.following.running = running;
  ask_anew(schedule);
}

/// Not before the master has told what it has, and a replica acknowledges to it: an ALTER would wait for that.
void follow_events(const Scene& scene) {
  Schedule& schedule = scene.known.schedule;
  const auto& handover = schedule.handover;
  FollowingEvents& following = schedule.following;
  if (!follows_events(scene) || !handover || !handover->looked || handover->by != Handover::By::sengu) return;
  if (handover->left.empty() && !handover->scheduler_left) return;
  if (following.running || scene.now < following.retry || schedule.of(*scene.known.master).pending) return;
  const auto* told = schedule.told_by(*scene.known.master);
  const SqlInfo& sql = *scene.master().info->sql;
  if (told == nullptr || (sql.semi_sync_source == SemiSync::on && sql.semi_sync_clients == 0)) return;
  following.running = true;
  ScheduledEvents wanted;
  wanted.all = handover->left;
  wanted.scheduler = handover->scheduler_left.value_or(told->scheduler);
  scene.out.send(RunStep{*scene.known.master,
                         Step::follow_events,
                         {},
                         scene.settings().failover.step_timeout,
                         {},
                         LossPolicy::keep_writes,
                         std::move(wanted)});
}

/// Whether it worked is seen by the next look at the master.
void take_followed(const Scene& scene, const StepDone& done) {
  Schedule& schedule = scene.known.schedule;
  FollowingEvents& following = schedule.following;
  following.running = false;
  following.error = done.result == StepResult::done ? std::string() : done.text;
  following.retry = scene.now + following_pause * (1 << std::min(following.failures++, most_following_doublings));
  schedule.of(done.node).due_after.reset();
}

}  // namespace sengu::health
