// A replica that applies late, as it is told to (SOURCE_DELAY, MASTER_DELAY): people keep one as yesterday's data
// (RULES §5.5).
#include <doctest/doctest.h>

#include <algorithm>

#include "health/core/doctor/doctor.hpp"
#include "health/core/judgement/candidate.hpp"
#include "tests/support/contains.hpp"
#include "tests/unit/core/failover_stage.hpp"

using namespace sengu;
using namespace sengu::health;
using namespace std::chrono_literals;
using test::a, test::b, test::c, test::because, test::transactions;
using State = test::MachineState;

namespace {

/// a, the master, is dead; b is delayed by an hour and has applied nothing of what a wrote last.
struct Delayed : test::FailoverStage {
  explicit Delayed(SqlInfo::Flavour flavour = SqlInfo::Flavour::mysql) : FailoverStage(config::Kind::mysql) {
    for (const auto id : {a, b, c}) info(id).sql->flavour = flavour;
    info(b).sql->delay = 3600s;
    has(b, 10, 1);
  }
  void has(NodeId id, int received, int applied) {
    info(id).sql->received = transactions('a', received);
    info(id).sql->executed = transactions('a', applied);
  }
  Selection select(LossPolicy loss = LossPolicy::keep_writes) {
    return select_candidate(knowledge, {Reason::process_death, {}, loss, now, now});
  }
  Reason why_not(NodeId id) {
    const Selection selection = select();
    for (const Rejection& one : selection.rejected)
      if (one.node == id) return one.reason;
    return Reason::none;
  }
  void to_applying_of_b() {
    to_survey();
    finish_survey();
    REQUIRE(machine.state() == State::applying);
    REQUIRE(machine.target() == b);
  }
  /// It is seen after the step that it was told.
  void be_seen_after_step(Step step, StepResult result = StepResult::done) {
    now += 1ms;
    answer_step(b, step, result);
    if (result != StepResult::done) node(b).told.failures = 1, node(b).told.retry = now + 100ms;
    now += 1ms;
    be_asked();
  }
};

}  // namespace

TEST_CASE("candidate: a delayed replica is chosen only where it alone holds something") {
  Delayed group;
  CHECK(group.select().candidate == c);
  CHECK(group.why_not(b) == Reason::delayed);
  group.settings.nodes[1].priority = 1;  // preferred, were it not for its delay
  CHECK(group.select().candidate == c);
  group.has(c, 9, 9);
  CHECK(group.select().candidate == b);
  CHECK(group.why_not(c) == Reason::outranked);
  group.settings.nodes[1].priority = 0;  // yesterday's data, and nothing else
  CHECK(group.select().candidate == c);
  CHECK(group.why_not(b) == Reason::priority_zero);
}

TEST_CASE("candidate: a delayed replica comes before one that could not serve") {
  Delayed group;
  group.info(c).hindrance = "offline_mode is ON";
  CHECK(group.select().candidate == b);
}

TEST_CASE("candidate: where the loss is accepted what each has applied counts, not what it has received") {
  Delayed group;
  group.has(c, 9, 7);
  CHECK(group.select().candidate == b);
  CHECK(group.select(LossPolicy::accept_loss).candidate == c);
  group.info(b).sql->delay = 0s;
  group.has(c, 9, 7);
  group.has(b, 10, 7);  // it may have applied the rest by then
  CHECK(group.select(LossPolicy::accept_loss).candidate == b);
  group.has(b, 8, 7);
  CHECK(group.select(LossPolicy::accept_loss).candidate == c);
  group.has(c, 9, 1);
  group.has(b, 10, 2);
  CHECK(group.select(LossPolicy::accept_loss).candidate == b);
  group.info(c).sql->executed.add(transactions('c', 5));  // its own are not the group's
  group.info(c).sql->received.add(transactions('c', 5));
  CHECK(group.select(LossPolicy::accept_loss).candidate == b);
}

TEST_CASE("failover machine: of MySQL the delay of the target is lifted, and then it applies") {
  Delayed group;
  group.has(c, 9, 9);
  group.to_applying_of_b();
  REQUIRE(group.sent_step(Step::lift_delay));
  CHECK(group.sent_step(Step::lift_delay)->node == b);
  CHECK_FALSE(group.sent_step(Step::apply_received));
  CHECK(group.node(b).replica.stopped_by_us);
  group.sent();
  group.info(b).sql->delay = 0s;
  group.be_seen_after_step(Step::lift_delay);
  CHECK_FALSE(group.advance());
  CHECK(group.sent_step(Step::apply_received)->node == b);
  group.has(b, 10, 10);
  group.advance();
  CHECK(group.machine.state() == State::targeting);
  CHECK(group.machine.target() == b);
}

TEST_CASE("failover machine: the receiver that ran while a delay was lifted is stopped before the promotion") {
  Delayed group;
  group.has(c, 9, 9);
  group.to_applying_of_b();
  group.info(b).sql->delay = 0s;
  group.has(b, 10, 10);
  group.info(b).sql->receiving = true;
  CHECK_FALSE(group.advance());
  CHECK(group.machine.state() == State::applying);  // the step has not ended
  group.sent();
  group.be_seen_after_step(Step::lift_delay);
  CHECK_FALSE(group.advance());
  CHECK(group.sent_step(Step::lift_delay));  // its last statement was lost
  group.info(b).sql->receiving = false;
  group.be_seen_after_step(Step::lift_delay);
  group.advance();
  CHECK(group.machine.state() == State::targeting);
}

TEST_CASE("failover machine: a lift that ended halfway is told again, and nothing is given up for a stopped applier") {
  Delayed group;
  group.has(c, 9, 9);
  group.to_applying_of_b();
  group.sent();
  group.info(b).sql->applying = false;  // stopped, and the answer did not come
  group.be_seen_after_step(Step::lift_delay, StepResult::failed);
  CHECK_FALSE(group.advance());
  CHECK(group.machine.state() == State::applying);
  CHECK_FALSE(group.sent_step(Step::lift_delay));  // not at once
  group.now += 100ms;
  CHECK_FALSE(group.advance());
  REQUIRE(group.sent_step(Step::lift_delay));
  group.sent();
  group.info(b).sql->delay = 0s;  // changed, and not started
  group.be_seen_after_step(Step::lift_delay, StepResult::failed);
  group.now += 100ms;
  CHECK_FALSE(group.advance());
  CHECK(group.sent_step(Step::lift_delay));
}

TEST_CASE("failover machine: of MariaDB the delay is waited for, until the operator takes another") {
  Delayed group(SqlInfo::Flavour::mariadb);
  group.has(c, 9, 9);
  group.to_applying_of_b();
  CHECK_FALSE(group.sent_step(Step::lift_delay));
  CHECK(group.sent_step(Step::apply_received));
  SUBCASE("by name") { group.machine.accept_loss(c); }
  SUBCASE("the one that has applied most") { group.machine.accept_loss({}); }
  group.advance();
  CHECK(group.machine.state() == State::targeting);
  CHECK(group.machine.target() == c);
}

TEST_CASE("group: people are told what is waited for, until when, and what another costs") {
  auto settings = test::group_of(3);
  settings.kind = config::Kind::mysql;
  test::World world(settings);
  world.start();
  world.run(2s);
  world.nodes[1].sql.delay = 3600s;
  for (auto& node : world.nodes) node.sql.mariadb = true;
  world.deafen(2);
  world.write(0, 3);
  world.run(1s);
  world.kill(0);
  world.run(5s);
  const auto findings = world.status().findings;
  const auto waits = std::find_if(findings.begin(), findings.end(),
                                  [](const std::string& one) { return test::contains(one, "is to be the master"); });
  REQUIRE(waits != findings.end());
  CAPTURE(*waits);
  CHECK(test::contains(*waits, "b is to be the master, and has yet to apply 3 transactions that it has received"));
  CHECK(test::contains(*waits, "it is delayed by 3600 s (MASTER_DELAY), which is over in 359"));
  CHECK(test::contains(*waits, "--accept-loss promotes c, and 3 transactions that it has not applied are lost"));
  world.take_log();
  world.input(Order{RequestId{1}, FailoverWish{b, LossPolicy::keep_writes}});
  world.input(Order{RequestId{2}, FailoverWish{c, LossPolicy::accept_loss}});
  const auto log = world.take_log();
  const auto said = [&](const char* what) {
    return std::any_of(log.begin(), log.end(), [&](const std::string& line) { return test::contains(line, what); });
  };
  CHECK(said("a failover is running: b is to be the master"));
  CHECK(said("c is promoted; 3 transactions that it has not applied are given up"));
  world.loss_accepted = world.operator_acts = true;
  world.run(2s);
  CHECK(world.master() == 2);
}

TEST_CASE("doctor: mysql: a delayed replica that acknowledges, or takes readers") {
  Delayed group;
  group.be_seen(a);
  group.speak_sql();
  group.settings.replication_username = "repl";
  for (const auto id : {a, b, c}) {
    group.info(id).version = "9.7.4";
    SqlInfo& sql = *group.info(id).sql;
    sql.net_timeout = 1s;
    sql.semi_sync_source = id == a ? SemiSync::on : SemiSync::off;
    sql.semi_sync_replica = id == b ? SemiSync::off : SemiSync::on;
    sql.semi_sync_clients = 1;
  }
  group.info(b).sql->delay = 3600s;
  CHECK(examine(group.knowledge).empty());  // it does not acknowledge, as the others do; that is right
  group.info(b).sql->semi_sync_replica = SemiSync::on;
  auto findings = examine(group.knowledge);
  REQUIRE(findings.size() == 1);
  CHECK(test::contains(findings[0], "b: is delayed by 3600 s, and acknowledges"));
  CHECK(test::contains(findings[0], "SET GLOBAL rpl_semi_sync_replica_enabled=OFF"));
  group.info(b).sql->semi_sync_replica = SemiSync::off;
  group.settings.read_listen = Endpoint{"10.0.0.9", 3306};
  findings = examine(group.knowledge);
  REQUIRE(findings.size() == 1);
  CHECK(test::contains(findings[0], "b: is delayed by 3600 s, and takes readers"));
}
