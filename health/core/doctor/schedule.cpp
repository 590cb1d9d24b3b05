// What the doctor says of scheduled events: those that a change of master would switch off, and those that one did.
#include <algorithm>

#include "config/base/printable.hpp"
#include "health/core/doctor/findings.hpp"
#include "health/core/judgement/schedule.hpp"

namespace sengu::health {

namespace {

using State = ScheduledEvent::State;
using Scheduler = ScheduledEvents::Scheduler;

std::string count_of(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " scheduled event" : " scheduled events");
}

bool to_follow(const Knowledge& known) { return known.settings->scheduled_events == config::ScheduledEvents::follow; }

/// What a node that answers told; null where it did not.
const ScheduledEvents* told_events(const Knowledge& known, std::size_t node) {
  return is_seen(known.nodes[node]) ? known.schedule.told_by(node_id(node)) : nullptr;
}

/// One finding for all of them: what is granted on the master reaches the others.
void examine_sight(const Knowledge& known, Findings& findings) {
  std::vector<std::string> blind;
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    const auto* told = told_events(known, i);
    const bool runs_them = told != nullptr && told->scheduler == Scheduler::on;
    if (runs_them && !told->visible) blind.push_back(known.nodes[i].settings->name);
    if (is_seen(known.nodes[i]) && i < known.schedule.nodes.size() && !known.schedule.nodes[i].untold.empty())
      findings.add(known.nodes[i], "cannot tell its scheduled events: " + known.schedule.nodes[i].untold);
  }
  if (blind.empty()) return;
  findings.add(listed(blind) +
               ": event_scheduler is ON, and sengu may not see the scheduled events, which a change of master switches "
               "off: GRANT EVENT ON *.* TO sengu's user");
}

void examine_privileges(const Knowledge& known, Findings& findings) {
  if (!to_follow(known)) return;
  std::vector<std::string> lacks, nodes;
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    const auto* told = told_events(known, i);
    if (told == nullptr || told->lacks.empty()) continue;
    nodes.push_back(known.nodes[i].settings->name);
    for (const std::string& one : told->lacks) {
      if (std::find(lacks.begin(), lacks.end(), one) == lacks.end()) lacks.push_back(one);
    }
  }
  if (lacks.empty()) return;
  findings.add(listed(nodes) +
               ": sengu may not make the scheduled events follow the master, as scheduled_events says: GRANT " +
               listed(lacks) + " ON *.* TO sengu's user");
}

/// Not where the master before had it OFF too; nor where it is about to be switched on.
bool may_have_been_on(const Knowledge& known) {
  const auto& handover = known.schedule.handover;
  if (!handover || !handover->had) return true;
  return handover->had->scheduler == Scheduler::on && !handover->scheduler_left;
}

/// Before a change of master.
void examine_masters_events(const Knowledge& known, const NodeView& master, const ScheduledEvents& told,
                            Findings& findings) {
  const std::size_t enabled = in_state(told, State::enabled).size();
  if (told.cut_off) {
    findings.add(master, "has more than " + count_of(told.all.size()) + ": sengu looks at no more, and " +
                             (to_follow(known) ? "the others do not follow a change of master"
                                               : "does not name the others after a change of master"));
  }
  if (enabled == 0) return;
  const std::string has = "has " + count_of(told.all.size()) + ", " + std::to_string(enabled) + " of them ENABLED";
  if (!to_follow(known)) {
    const bool mariadb = master.info->sql->flavour == SqlInfo::Flavour::mariadb;
    findings.add(master, has + " (event_scheduler is " + (told.scheduler == Scheduler::on ? "ON" : "OFF") +
                             "): after a change of master they do not run on the new one" +
                             (mariadb ? ", and go on here" : "") +
                             ": scheduled_events = \"follow\", or the statements that +events-left then names");
  } else if (told.scheduler == Scheduler::off && may_have_been_on(known)) {
    findings.add(master, has + ", and event_scheduler is OFF: SET GLOBAL event_scheduler=ON where they are to run");
  }
}

/// After a change of master.
void examine_what_is_left(const Knowledge& known, const NodeView& master, Findings& findings) {
  const auto& schedule = known.schedule;
  const std::string why = schedule.following.error.empty() ? "" : " (" + printable(schedule.following.error) + ")";
  for (const std::string& part : in_parts(statements_left(known))) {
    findings.add(master, "does not run what " + known.node(schedule.handover->from).settings->name + " had scheduled" +
                             why + ": " + printable(part));
  }
  const auto unknown = unknown_events(known);
  for (const std::string& part : in_parts(statements_of_unknown(known))) {
    findings.add(master, "does not run " + count_of(unknown.size()) +
                             " that it had as a replica, and sengu has not seen which of them were ENABLED before "
                             "(ALTER EVENT ... DISABLE on the others): " +
                             printable(part));
  }
}

void examine_other_nodes(const Knowledge& known, Findings& findings) {
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    const auto* told = told_events(known, i);
    if (told == nullptr || known.master == node_id(i)) continue;
    if (runs_events_as_a_replica(known, node_id(i))) {
      findings.add(known.nodes[i], "is a replica that runs " + count_of(in_state(*told, State::enabled).size()) +
                                       ", whose writes the master lacks: SET GLOBAL event_scheduler=OFF");
    }
    const auto* masters = known.master ? known.schedule.told_by(*known.master) : nullptr;
    const bool is_wanted = to_follow(known) && masters != nullptr && masters->scheduler == Scheduler::on;
    if (is_wanted && told->scheduler == Scheduler::disabled) {
      findings.add(known.nodes[i],
                   "event_scheduler is DISABLED, and no scheduled event runs on it as a master: set event_scheduler in "
                   "its configuration and restart it");
    }
  }
}

}  // namespace

void examine_schedule(const Knowledge& known, Findings& findings) {
  examine_sight(known, findings);
  examine_privileges(known, findings);
  examine_other_nodes(known, findings);
  if (!known.master || !is_seen(known.node(*known.master)) || !known.node(*known.master).info->sql) return;
  const NodeView& master = known.node(*known.master);
  const auto* told = known.schedule.told_by(*known.master);
  if (told != nullptr && master.says(Role::master)) examine_masters_events(known, master, *told, findings);
  examine_what_is_left(known, master, findings);
}

}  // namespace sengu::health
