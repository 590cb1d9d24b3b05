// Scheduled events as a server tells them, and what it is told: against a scripted MySQL or MariaDB.
#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "health/mysql/dialect.hpp"
#include "health/mysql/scheduled_events.hpp"
#include "health/mysql/script.hpp"

namespace sengu::health::mysql {
namespace {

using namespace std::chrono_literals;
using EventState = ScheduledEvent::State;
using EventScheduler = ScheduledEvents::Scheduler;

/// A master, or with `read_only` ON a fenced one; keeps what it is told.
struct Eventful {
  std::string version = "9.7.4";
  std::string scheduler = "ON";
  std::string read_only = "OFF";
  std::vector<std::string> grants{"GRANT RELOAD, EVENT ON *.* TO `monitor`@`%`",
                                  "GRANT SET_ANY_DEFINER,SYSTEM_VARIABLES_ADMIN ON *.* TO `monitor`@`%`",
                                  "GRANT SELECT ON `performance_schema`.`x` TO `monitor`@`%`"};
  std::vector<Table::Row> rows;
  std::map<std::string, Failure> failures;  // by the beginning of a statement
  std::vector<std::string> told;
  NodeOptions options;
  Milliseconds left{1000};
  Milliseconds each{0};  // what an ALTER takes of it

  Eventful() { options.scheduled_events = config::ScheduledEvents::follow; }

  void has(const std::string& name, const std::string& state, const std::string& definer = "app@%",
           const std::string& origin = "7") {
    rows.push_back({"shop", name, definer, state, "latin1", "latin1_bin", origin});
  }

  Reply answer(const std::string& statement) {
    for (const auto& [beginning, failure] : failures) {
      if (statement.starts_with(beginning)) return {{}, failure};
    }
    if (statement == scheduler_statement())
      return {Table{{"version", "scheduler", "server"}, {{version, scheduler, "7"}}}, {}};
    if (statement == "SHOW GRANTS") {
      Table table{{"Grants for monitor@%"}, {}};
      for (const auto& line : grants) table.rows.push_back({line});
      return {table, {}};
    }
    if (statement.find("information_schema.EVENTS") != std::string::npos)
      return {Table{{"db", "name", "definer", "state", "charset", "collation", "origin"}, rows}, {}};
    if (statement.starts_with("SELECT @@GLOBAL.read_only"))
      return {Table{{"fenced"}, {{read_only == "ON" ? "1" : "0"}}}, {}};
    if (statement == Dialect::variables())
      return {Table{{"Variable_name", "Value"},
                    {{"version", version},
                     {"server_uuid", "174c1070-e600-11f1-903e-02fc00000001"},
                     {"server_id", "7"},
                     {"read_only", read_only},
                     {"super_read_only", read_only}}},
              {}};
    if (statement == Dialect::counters()) return {Table{{"Variable_name", "Value"}, {{"Uptime", "1"}}}, {}};
    if (statement.starts_with("SELECT @@GLOBAL.gtid"))
      return {Table{{"executed", "binlog", "applied", "current"}, {{"", "", "", ""}}}, {}};
    if (statement.starts_with("SHOW ") || statement.starts_with("SELECT ")) return {};
    told.push_back(statement);
    if (statement.starts_with("ALTER")) left -= each;
    return {};
  }
  EventsLook look_once() {
    return look_at_events([this](const std::string& statement) { return answer(statement); });
  }
  EventsAnswer look() { return look_once().answer; }
  StepOutcome run(RunStep step) {
    told.clear();
    return carry_out(
        step, options, [this](const std::string& statement) { return answer(statement); }, [this] { return left; });
  }
  StepOutcome follow(EventScheduler wanted = EventScheduler::on) {
    RunStep step{NodeId{0}, Step::follow_events, {}, 1000ms, {}, LossPolicy::keep_writes, {}};
    for (const char* name : {"sum", "audit", "gone"})
      step.events.all.push_back({"shop", name, "app@%", "latin1", "latin1_bin", EventState::enabled});
    step.events.scheduler = wanted;
    return run(step);
  }
};

const StepOutcome all_done{StepResult::done, {}};
using Statements = std::vector<std::string>;

}  // namespace

TEST_CASE("mysql scheduled events: what a server tells") {
  Eventful server;
  server.has("sum", "ENABLED");
  server.has("purge", "DISABLED");
  server.has("old", "SLAVESIDE_DISABLED", "app@%", "3");
  server.has("new", "REPLICA_SIDE_DISABLED", "app@%", "3");
  server.has("mine", "REPLICA_SIDE_DISABLED");  // by a statement on this server
  const auto seen = server.look();
  REQUIRE(seen.events);
  CHECK(seen.events->scheduler == EventScheduler::on);
  CHECK(seen.events->visible);
  CHECK(seen.events->lacks.empty());
  std::vector<EventState> states;
  for (const auto& one : seen.events->all) states.push_back(one.state);
  CHECK(states == std::vector{EventState::enabled, EventState::disabled, EventState::replica_side_disabled,
                              EventState::replica_side_disabled, EventState::disabled});
  CHECK(seen.events->all[0] == ScheduledEvent{"shop", "sum", "app@%", "latin1", "latin1_bin", EventState::enabled});
  server.scheduler = "DISABLED";
  CHECK(server.look().events->scheduler == EventScheduler::disabled);
}

TEST_CASE("mysql scheduled events: no more than can be kept") {
  Eventful server;
  for (std::size_t i = 0; i < most_scheduled_events; ++i) server.has("e" + std::to_string(i), "ENABLED");
  CHECK_FALSE(server.look().events->cut_off);
  server.has("one more", "DISABLED");
  const auto seen = server.look();
  CHECK(seen.events->cut_off);
  CHECK(seen.events->all.size() == most_scheduled_events);
  server.rows.clear();
  for (int i = 0; i < 2; ++i) server.has(std::string(40000, 'x'), "ENABLED");
  CHECK(server.look().events->cut_off);
  CHECK(server.look().events->all.size() == 1);
}

TEST_CASE("mysql scheduled events: which privileges are missing") {
  Eventful server;
  server.grants = {"GRANT USAGE ON *.* TO `monitor`@`%`", "GRANT EVENT ON `shop`.* TO `monitor`@`%`"};
  CHECK_FALSE(server.look().events->visible);
  CHECK(server.look().events->lacks == Statements{"SET_ANY_DEFINER", "SYSTEM_VARIABLES_ADMIN"});
  server.has("audit", "ENABLED", "root@localhost");
  CHECK(server.look().events->lacks == Statements{"SET_ANY_DEFINER", "SYSTEM_VARIABLES_ADMIN", "SYSTEM_USER"});
  server.version = "8.0.36";
  CHECK(server.look().events->lacks.front() == "SET_USER_ID");
  server.version = "5.7.44-log";
  CHECK(server.look().events->lacks == Statements{"SUPER"});
  server.version = "10.11.19-MariaDB";
  CHECK(server.look().events->lacks == Statements{"SET USER", "SUPER"});
  server.grants = {"GRANT RELOAD, SUPER, EVENT, SET USER ON *.* TO `monitor`@`%` IDENTIFIED BY PASSWORD '*19'"};
  CHECK(server.look().events->visible);
  CHECK(server.look().events->lacks.empty());
  server.grants = {"GRANT ALL PRIVILEGES ON *.* TO `monitor`@`%` WITH GRANT OPTION"};
  CHECK(server.look().events->visible);
  CHECK(server.look().events->lacks.empty());
}

TEST_CASE("mysql scheduled events: a grant counts from the next login on") {
  Eventful server;
  CHECK_FALSE(server.look_once().outdated);
  server.failures["SHOW EVENTS FROM mysql"] = {1044, "denied", Progress::ready, 0};
  CHECK(server.look_once().outdated);
  server.grants = {"GRANT USAGE ON *.* TO `monitor`@`%`"};
  CHECK_FALSE(server.look_once().outdated);  // it would see no more over another connection
}

TEST_CASE("mysql scheduled events: a refusal has a text, silence has none") {
  Eventful server;
  server.failures["SHOW GRANTS"] = {1045, "denied", Progress::ready, 0};
  CHECK_FALSE(server.look().events);
  CHECK(server.look().text == "1045 denied");
  server.failures["SHOW GRANTS"] = {2013, "Lost connection", Progress::ready, 0};
  CHECK_FALSE(server.look().events);
  CHECK(server.look().text.empty());
}

TEST_CASE("mysql script: events are enabled for their own definers, where they wait for it") {
  Eventful server;
  server.scheduler = "OFF";
  server.has("sum", "REPLICA_SIDE_DISABLED", "app@%", "3");
  server.has("audit", "DISABLED");  // by people, meanwhile
  server.has("purge", "REPLICA_SIDE_DISABLED", "root@localhost", "3");
  CHECK(server.follow() == all_done);
  CHECK(server.told == Statements{"SET NAMES latin1 COLLATE latin1_bin",
                                  "ALTER DEFINER=`app`@`%` EVENT `shop`.`sum` ENABLE",
                                  "SET GLOBAL event_scheduler=ON"});
  server.rows[0][3] = "ENABLED";  // once more, half done
  CHECK(server.follow() == all_done);
  CHECK(server.told == Statements{"SET GLOBAL event_scheduler=ON"});
  server.scheduler = "ON";
  CHECK(server.follow() == all_done);
  CHECK(server.told.empty());
  CHECK(server.follow(EventScheduler::off) == all_done);
  CHECK(server.told.back() == "SET GLOBAL event_scheduler=OFF");
  server.scheduler = "DISABLED";
  CHECK(server.follow() ==
        StepOutcome{StepResult::failed, "event_scheduler is DISABLED, which only a restart changes"});
}

TEST_CASE("mysql script: an event that cannot be enabled holds no other up") {
  Eventful server;
  server.has("sum", "REPLICA_SIDE_DISABLED", "app@%", "3");
  server.has("audit", "REPLICA_SIDE_DISABLED", "app@%", "3");
  server.failures["ALTER DEFINER=`app`@`%` EVENT `shop`.`sum`"] = {1227, "SYSTEM_USER", Progress::ready, 0};
  const auto outcome = server.follow();
  CHECK(outcome.result == StepResult::failed);
  CHECK(outcome.text == "shop.sum: ALTER DEFINER=`app`@`%` EVENT `shop`.`sum` ENABLE: 1227 SYSTEM_USER");
  CHECK(server.told.back() == "ALTER DEFINER=`app`@`%` EVENT `shop`.`audit` ENABLE");
}

TEST_CASE("mysql script: no more events are enabled than there is time for") {
  Eventful server;
  server.each = 800ms;
  server.has("sum", "REPLICA_SIDE_DISABLED", "app@%", "3");
  server.has("audit", "REPLICA_SIDE_DISABLED", "app@%", "3");
  CHECK(server.follow() == all_done);
  CHECK(server.told ==
        Statements{"SET NAMES latin1 COLLATE latin1_bin", "ALTER DEFINER=`app`@`%` EVENT `shop`.`sum` ENABLE"});
}

TEST_CASE("mysql script: nothing is altered on a server that is no master any more") {
  Eventful server;
  server.has("sum", "REPLICA_SIDE_DISABLED", "app@%", "3");
  server.read_only = "ON";
  CHECK(server.follow() == StepOutcome{StepResult::failed, "it is no master"});
  CHECK(server.told.empty());
}

TEST_CASE("mysql script: a fence switches the scheduler off after it, where events follow the master") {
  Eventful server;
  const RunStep fence{NodeId{0}, Step::fence, {}, 1000ms, {}};
  CHECK(server.run(fence) == all_done);
  CHECK(server.told == Statements{"SET GLOBAL super_read_only=ON", "SET GLOBAL event_scheduler=OFF"});
  server.scheduler = "OFF";
  CHECK(server.run(fence) == all_done);
  CHECK(server.told == Statements{"SET GLOBAL super_read_only=ON"});
  server.scheduler = "ON";
  server.failures["SET GLOBAL event_scheduler"] = {1227, "SUPER", Progress::ready, 0};
  CHECK(server.run(fence) == all_done);  // the barrier does not depend on it
  server.failures.clear();
  server.options.scheduled_events = config::ScheduledEvents::leave;
  CHECK(server.run(fence) == all_done);
  CHECK(server.told == Statements{"SET GLOBAL super_read_only=ON"});
}

TEST_CASE("mysql script: a demotion switches the scheduler off before the server receives") {
  Eventful server;
  server.version = "10.11.19-MariaDB";
  server.options.replication_username = "repl";
  CHECK(server.run({NodeId{0}, Step::demote, {"10.0.0.2", 3306}, 1000ms, {}}) == all_done);
  REQUIRE(server.told.size() == 4);
  CHECK(server.told[0] == "SET GLOBAL read_only=ON");
  CHECK(server.told[1] == "SET GLOBAL event_scheduler=OFF");
  CHECK(server.told[2].starts_with("CHANGE MASTER TO"));
  CHECK(server.told[3] == "START SLAVE");
}

}  // namespace sengu::health::mysql
