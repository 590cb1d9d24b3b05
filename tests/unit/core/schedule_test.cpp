// Scheduled events over a change of master, on the modelled servers of the scenarios: what is known, handed over, told
// and said, and what is not.
#include <doctest/doctest.h>

#include <algorithm>

#include "health/core/judgement/schedule.hpp"
#include "tests/support/contains.hpp"
#include "tests/support/model_world.hpp"

using namespace sengu;
using namespace sengu::health;
using namespace std::chrono_literals;

namespace {

using EventState = ScheduledEvent::State;
using Scheduler = ScheduledEvents::Scheduler;
using test::contains;

struct Scheduled {
  explicit Scheduled(config::ScheduledEvents policy) : world((prepare(policy), settings)) {
    world.schedule_events();
    world.start();
    world.run(2s);
    REQUIRE(world.master() == 0);
    world.take_log();
  }
  void prepare(config::ScheduledEvents policy) {
    settings.kind = config::Kind::mysql;
    settings.replication_username = "repl";
    settings.scheduled_events = policy;
    settings.failover.cooldown = 0ms;
  }

  ScheduledEvents& events(int node) { return *world.nodes[static_cast<std::size_t>(node)].sql.events; }
  EventState sum(int node) { return events(node).all[0].state; }
  EventState purge(int node) { return events(node).all[1].state; }
  int said(const std::string& what) {
    const auto log = world.take_log();
    return static_cast<int>(
        std::count_if(log.begin(), log.end(), [&](const auto& line) { return contains(line, what); }));
  }
  int found(const std::string& what) const {
    const auto findings = world.status().findings;
    return static_cast<int>(
        std::count_if(findings.begin(), findings.end(), [&](const auto& line) { return contains(line, what); }));
  }
  /// By an order, so that the old master lives.
  void move_to(int node) {
    world.input(test::order(FailoverWish{NodeId{static_cast<std::uint16_t>(node)}, LossPolicy::keep_writes}));
    world.run(3s);
    REQUIRE(world.master() == node);
  }

  config::GroupSettings settings = test::group_of(3);
  test::World world;
};

struct Followed : Scheduled {
  Followed() : Scheduled(config::ScheduledEvents::follow) {}
};
struct Left : Scheduled {
  Left() : Scheduled(config::ScheduledEvents::leave) {}
};

constexpr const char* enable_sum = "ALTER DEFINER=`app`@`%` EVENT `shop`.`sum` ENABLE";

}  // namespace

TEST_CASE("schedule: follow enables what was enabled, and nothing else") {
  Followed group;
  CHECK(group.found("scheduled") == 0);
  group.world.kill(0);
  group.world.run(2s);
  REQUIRE(group.world.master() == 1);
  CHECK(group.sum(1) == EventState::enabled);
  CHECK(group.purge(1) == EventState::replica_side_disabled);
  CHECK(group.events(1).scheduler == Scheduler::on);
  CHECK(group.said("+events-enabled g b events=shop.sum") == 1);
  CHECK(group.found("scheduled") == 0);
}

TEST_CASE("schedule: leave tells nothing, names the statements once, and until they were run") {
  Left group;
  CHECK(group.found("a: has 2 scheduled events, 1 of them ENABLED (event_scheduler is ON)") == 1);
  group.world.kill(0);
  group.world.run(2s);
  CHECK(group.sum(1) == EventState::replica_side_disabled);
  CHECK(group.said(std::string("+events-left g b from=a statements=SET NAMES utf8mb4 COLLATE utf8mb4_bin; ") +
                   enable_sum + "; SET GLOBAL event_scheduler=ON") == 1);
  CHECK(group.found("b: does not run what a had scheduled") == 1);
  group.world.run(5min);
  CHECK(group.said("+events-left") == 0);
  group.events(1).all[0].state = EventState::enabled;
  group.events(1).scheduler = Scheduler::on;
  group.world.run(11s);
  CHECK(group.said("+events-enabled g b events=shop.sum") == 1);
  CHECK(group.found("had scheduled") == 0);
  CHECK(group.found("has not seen") == 0);  // the purge was off
}

TEST_CASE("schedule: what people switch off after a change of master stays off") {
  Followed group;
  group.move_to(1);
  REQUIRE(group.sum(1) == EventState::enabled);
  group.events(1).all[0].state = EventState::disabled;
  group.events(1).scheduler = Scheduler::off;
  group.world.run(5min);
  CHECK(group.sum(1) == EventState::disabled);
  CHECK(group.events(1).scheduler == Scheduler::off);
  group.move_to(2);
  group.world.run(2min);
  CHECK(group.sum(2) == EventState::replica_side_disabled);
  CHECK(group.events(2).scheduler == Scheduler::off);
}

TEST_CASE("schedule: a scheduler that is off after a restart is said, and left") {
  Followed group;
  group.move_to(1);
  group.events(1).scheduler = Scheduler::off;
  group.world.run(61s);
  CHECK(group.events(1).scheduler == Scheduler::off);
  CHECK(group.found("b: has 2 scheduled events, 1 of them ENABLED, and event_scheduler is OFF") == 1);
}

TEST_CASE("schedule: a second change of master before the new master was asked hands the same over") {
  Followed group;
  group.world.nodes[1].sql.events.reset();  // gives no answer
  group.world.kill(0);
  group.world.run(500ms);
  REQUIRE(group.world.master() == 1);
  group.world.kill(1);
  group.world.run(3s);
  REQUIRE(group.world.master() == 2);
  CHECK(group.sum(2) == EventState::enabled);
  CHECK(group.purge(2) == EventState::replica_side_disabled);
}

TEST_CASE("schedule: what was left on the master before is handed on") {
  Left group;
  group.world.kill(0);
  group.world.run(2s);
  REQUIRE(group.world.master() == 1);
  group.world.run(61s);
  group.world.take_log();
  group.world.kill(1);
  group.world.run(3s);
  REQUIRE(group.world.master() == 2);
  CHECK(group.said(enable_sum) == 1);
}

TEST_CASE("schedule: a run that has not seen the master before enables nothing") {
  Followed group;
  group.world.run(1min);
  group.world.kill(0);
  group.world.run(5ms);
  group.world.restart_sengu();
  group.world.run(3s);
  REQUIRE(group.world.master() == 1);
  group.world.run(2min);
  CHECK(group.sum(1) == EventState::replica_side_disabled);
  CHECK(group.said("+events-left g b from=a enabled=unknown statements=") == 1);
  CHECK(group.found("b: does not run 2 scheduled events that it had as a replica, and sengu has not seen which") == 1);
}

TEST_CASE("schedule: a master that hides its events by now is not known any more") {
  Followed group;
  group.events(0).visible = false;
  group.world.run(61s);
  CHECK(group.found("a: event_scheduler is ON, and sengu may not see the scheduled events") == 1);
  group.world.kill(0);
  group.world.run(2min);
  REQUIRE(group.world.master() == 1);
  CHECK(group.sum(1) == EventState::replica_side_disabled);
}

TEST_CASE("schedule: a failover that is given up switches the scheduler on again that its fence switched off") {
  Followed group;
  for (const int replica : {1, 2}) group.world.nodes[static_cast<std::size_t>(replica)].refuses = true;
  group.world.input(test::order(FailoverWish{NodeId{1}, LossPolicy::keep_writes}));
  group.world.run(10s);
  REQUIRE(group.world.master() == 0);
  CHECK(group.said("step fence a") == 1);
  CHECK(group.events(0).scheduler == Scheduler::on);
}

TEST_CASE("schedule: a switch by hand is people's own, in follow too") {
  Followed group;
  group.world.input(test::order(PauseWish{}));
  group.world.follow_by_hand(0, 1);
  group.world.nodes[0].sql.writable = false;
  group.world.make_master_by_hand(1);
  group.world.follow_by_hand(2, 1);
  group.world.run(3s);
  REQUIRE(group.world.master() == 1);
  group.world.input(test::order(ResumeWish{}));
  group.world.run(2min);
  CHECK(group.sum(1) == EventState::replica_side_disabled);
  CHECK(group.said(enable_sum) == 1);
}

TEST_CASE("schedule: an ordered failover is followed in pause too") {
  Followed group;
  group.world.input(test::order(PauseWish{}));
  group.move_to(1);
  CHECK(group.sum(1) == EventState::enabled);
}

TEST_CASE("schedule: no ALTER while no replica acknowledges") {
  Followed group;
  for (auto& node : group.world.nodes) node.sql.replica = SemiSync::on;
  group.world.kill(0);
  group.world.run(2s);
  REQUIRE(group.world.master() == 1);  // the model counts no clients
  CHECK(group.said("step follow_events") == 0);
}

TEST_CASE("schedule: how events are written down") {
  const ScheduledEvent plain{"shop", "sum", "app@%", "utf8mb4", "utf8mb4_bin", EventState::enabled};
  CHECK(enable_statement(plain) == enable_sum);
  ScheduledEvent odd{"a`b", "n", "we@ird@10.0.0.1", "latin1", "latin1_bin", EventState::enabled};
  CHECK(enable_statement(odd) == "ALTER DEFINER=`we@ird`@`10.0.0.1` EVENT `a``b`.`n` ENABLE");
  CHECK(session_of(odd) == "SET NAMES latin1 COLLATE latin1_bin");
  odd.name = "\xc3\xbc";
  CHECK(session_of(odd) == "SET NAMES utf8mb4");  // it could not be named in latin1
  odd.charset = "utf8mb3";
  odd.collation = "x; DROP";
  CHECK(session_of(odd) == "SET NAMES utf8mb4");
  ScheduledEvent other = plain;
  other.name = "total";
  CHECK(enable_statements({plain, other, odd}).size() == 5);
  CHECK(names_of({plain, other}) == "shop.sum,shop.total");
  CHECK(in_parts({std::string(1500, 'a'), std::string(400, 'b'), "c", std::string(3000, 'd')}).size() == 2);
  CHECK(in_parts({}).empty());
}
