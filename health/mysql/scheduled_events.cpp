#include "health/mysql/scheduled_events.hpp"

#include <algorithm>
#include <set>

#include "config/base/printable.hpp"
#include "health/model/version.hpp"
#include "health/mysql/errors.hpp"

namespace sengu::health::mysql {

namespace {

using health::Version;  // Dialect keeps its own to itself

constexpr Version split_super{8, 0, 0};        // SET_USER_ID and SYSTEM_VARIABLES_ADMIN in SUPER's place
constexpr Version any_definer{8, 2, 0};        // SET_ANY_DEFINER in SET_USER_ID's place
constexpr Version mariadb_set_user{10, 5, 2};  // SET USER

/// One row per event, the enabled ones first, and one more than are kept where there are more. A lock on the server's
/// tables of events does not hold it up for long.
std::string events_statement(const Dialect& dialect) {
  const std::string columns =
      "EVENT_SCHEMA AS db, EVENT_NAME AS name, DEFINER AS definer, STATUS AS state, CHARACTER_SET_CLIENT AS charset, "
      "COLLATION_CONNECTION AS collation, ORIGINATOR AS origin FROM information_schema.EVENTS ORDER BY STATUS = "
      "'ENABLED' DESC, EVENT_SCHEMA, EVENT_NAME LIMIT " +
      std::to_string(most_scheduled_events + 1);
  if (dialect.is_mariadb()) return "SET STATEMENT max_statement_time=0.5 FOR SELECT " + columns;
  return "SELECT /*+ MAX_EXECUTION_TIME(500) */ " + columns;
}

/// To enable an event for its own definer, and to switch event_scheduler.
std::vector<std::string> event_privileges(const Dialect& dialect) {
  const Version version = version_of(dialect.version());
  if (dialect.is_mariadb()) {
    if (version < mariadb_set_user) return {"SUPER"};
    return {"SET USER", "SUPER"};
  }
  if (version < split_super) return {"SUPER"};
  return {version < any_definer ? "SET_USER_ID" : "SET_ANY_DEFINER", "SYSTEM_VARIABLES_ADMIN"};
}

std::string text_at(const Table& table, std::size_t row, std::string_view column) {
  return std::string(table.find(row, column).value_or(""));
}

/// "GRANT RELOAD, EVENT ON *.* TO ..." names two global privileges; what is granted on less is not looked at.
std::set<std::string> global_privileges(const Table& grants) {
  constexpr std::string_view begin = "GRANT ", end = " ON *.* TO ";
  std::set<std::string> held;
  for (const auto& row : grants.rows) {
    if (row.empty() || !row[0] || !row[0]->starts_with(begin)) continue;
    const auto stop = row[0]->find(end);
    if (stop == std::string::npos) continue;
    std::string_view list = std::string_view(*row[0]).substr(begin.size(), stop - begin.size());
    while (!list.empty()) {
      const auto comma = std::min(list.find(','), list.size());
      held.emplace(list.substr(0, comma));
      list.remove_prefix(std::min(comma + 1, list.size()));
      while (list.starts_with(' ')) list.remove_prefix(1);
    }
  }
  return held;
}

ScheduledEvents::Scheduler scheduler_of(std::string_view said) {
  if (said == "ON" || said == "1") return ScheduledEvents::Scheduler::on;
  return said == "DISABLED" ? ScheduledEvents::Scheduler::disabled : ScheduledEvents::Scheduler::off;
}

/// A person may say DISABLE ON REPLICA on a master too: then the server is the origin of that itself.
ScheduledEvent::State state_of(std::string_view said, bool own) {
  if (said == "ENABLED") return ScheduledEvent::State::enabled;
  return said == "DISABLED" || own ? ScheduledEvent::State::disabled : ScheduledEvent::State::replica_side_disabled;
}

void read_rows(const Table& table, std::string_view server, ScheduledEvents& events) {
  std::size_t bytes = 0;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    ScheduledEvent one{text_at(table, row, "db"),
                       text_at(table, row, "name"),
                       text_at(table, row, "definer"),
                       text_at(table, row, "charset"),
                       text_at(table, row, "collation"),
                       state_of(text_at(table, row, "state"), text_at(table, row, "origin") == server)};
    bytes += one.schema.size() + one.name.size() + one.definer.size();
    events.cut_off = row >= most_scheduled_events || bytes > most_scheduled_bytes;
    if (events.cut_off) return;
    events.all.push_back(std::move(one));
  }
}

/// MySQL lets only an account with SYSTEM_USER name another with it as a definer (8.0.16). Whether a definer has it
/// sengu cannot see; root has it as it comes.
bool needs_system_user(const Dialect& dialect, const ScheduledEvents& events) {
  if (dialect.is_mariadb() || event_privileges(dialect).size() < 2) return false;
  return std::any_of(events.all.begin(), events.all.end(), [](const ScheduledEvent& one) {
    return one.state != ScheduledEvent::State::disabled && one.definer.starts_with("root@");
  });
}

EventsLook refusal_of(const Failure& failure) {
  return {{std::nullopt, is_from_server(failure) ? printable_line(describe(failure)) : std::string()}};
}

void read_privileges(const Dialect& dialect, const Table& grants, ScheduledEvents& events) {
  const auto held = global_privileges(grants);
  const bool all = held.contains("ALL PRIVILEGES");
  events.visible = all || held.contains("EVENT");
  if (all) return;
  events.lacks = event_privileges(dialect);
  if (needs_system_user(dialect, events)) events.lacks.emplace_back("SYSTEM_USER");
  std::erase_if(events.lacks, [&](const std::string& one) { return held.contains(one); });
}

}  // namespace

const std::string& scheduler_statement() {
  static const std::string statement =
      "SELECT @@version AS version, @@event_scheduler AS scheduler, @@server_id AS server";
  return statement;
}

EventsLook look_at_events(const Ask& ask) {
  const auto scheduler = ask(scheduler_statement());
  if (!scheduler.ok()) return refusal_of(*scheduler.failure);
  const auto dialect = Dialect::of(scheduler.table.find(0, "version").value_or(""));
  if (!dialect) return {{std::nullopt, "a version that cannot be read"}};
  const auto grants = ask("SHOW GRANTS");
  if (!grants.ok()) return refusal_of(*grants.failure);
  const auto rows = ask(events_statement(*dialect));
  if (!rows.ok()) return refusal_of(*rows.failure);

  EventsLook look;
  ScheduledEvents& events = look.answer.events.emplace();
  events.scheduler = scheduler_of(scheduler.table.find(0, "scheduler").value_or(""));
  read_rows(rows.table, scheduler.table.find(0, "server").value_or(""), events);
  read_privileges(*dialect, grants.table, events);
  // A database without events, to which only the global privilege gives access: 1044 where the login lacked it.
  look.outdated = events.visible && !ask("SHOW EVENTS FROM mysql").ok();
  return look;
}

}  // namespace sengu::health::mysql
