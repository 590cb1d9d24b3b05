// The machine of a failover, one step at a time and alone.
#include "health/core/change/failover.hpp"

#include <doctest/doctest.h>

#include "tests/unit/core/failover_stage.hpp"

using namespace sengu;
using namespace sengu::health;
using namespace std::chrono_literals;
using test::a, test::b, test::c, test::because, test::transactions;
using State = test::MachineState;
using Stage = test::FailoverStage;

TEST_CASE("failover machine: a failover of Redis from the first step to the last") {
  Stage stage;
  stage.to_barrier();
  CHECK(stage.knowledge.record.phase == Phase::switching);
  CHECK(stage.knowledge.record.epoch == 1);
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::barrier);
  stage.answer_journal(true);
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::barrier);  // not every worker has cut
  stage.acknowledged = true;
  stage.sent();
  stage.advance();
  CHECK(stage.machine.state() == State::survey);
  CHECK_FALSE(stage.sent_step(Step::fence));  // refused: no server is there to fence
  CHECK(stage.node(b).deciders.pending);
  CHECK(stage.machine.wants_observations_since() == stage.now);
  stage.sent();
  stage.finish_survey();
  CHECK(stage.machine.state() == State::targeting);
  CHECK(stage.machine.target() == b);
  CHECK(stage.knowledge.record.phase == Phase::promoting);
  CHECK(stage.knowledge.record.target == "b");
  CHECK_FALSE(stage.sent_step(Step::promote));  // not before the target is in the journal
  stage.answer_journal(true);
  stage.sent();
  stage.advance();
  CHECK(stage.machine.state() == State::promoting);
  CHECK(stage.sent_step(Step::promote)->node == b);
  CHECK(stage.node(b).told.step == Step::promote);
  stage.answer_step(b, Step::promote);
  stage.advance();
  CHECK(stage.machine.state() == State::promoting);  // what it answered is not what a probe saw
  stage.sent();
  stage.now += 1ms;
  stage.become_master(b);
  stage.advance();
  CHECK(stage.machine.state() == State::confirming);
  CHECK(stage.knowledge.record.master == "b");
  CHECK(stage.knowledge.record.past_servers == std::vector<std::string>{"run-b"});
  CHECK_FALSE(stage.advance());
  stage.answer_journal(true);
  const auto ended = stage.advance();
  REQUIRE(ended);
  CHECK(ended->result == Reason::none);
  CHECK(ended->target == b);
  CHECK(ended->master.replid == "new");
  CHECK_FALSE(stage.machine.active());
  CHECK_FALSE(stage.machine.target());
}

TEST_CASE("failover machine: a promote waits for another step that is under way at the target") {
  Stage stage;
  stage.to_targeting();
  stage.node(b).told.step = Step::repoint;
  stage.answer_journal(true);
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::targeting);
  stage.answer_step(b, Step::repoint);
  stage.advance();
  CHECK(stage.machine.state() == State::promoting);
}

TEST_CASE("failover machine: a living master is fenced, and looked at again behind the fence") {
  Stage stage;
  stage.be_seen(a);
  stage.node(a).refused.count = 0;
  stage.to_survey(because(Reason::operator_request));
  const auto fence = stage.sent_step(Step::fence);
  REQUIRE(fence);
  CHECK(fence->node == a);
  CHECK(stage.node(a).told.step == Step::fence);
  stage.be_asked();
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::survey);  // the fence is waited for
  stage.now += 5ms;
  stage.answer_step(a, Step::fence);
  CHECK(stage.machine.wants_observations_since() == stage.now);
  stage.advance();
  CHECK(stage.machine.state() == State::survey);  // what was asked before it does not count
  stage.now += 1ms;
  stage.be_asked();
  stage.advance();
  CHECK(stage.machine.state() == State::targeting);
}

TEST_CASE("failover machine: what comes to nothing takes its fence back, where there is one and the master lives") {
  Stage stage;
  stage.node(a).refused.count = 0;
  stage.to_survey(because(Reason::silence));
  stage.sent();
  stage.machine.unfence(stage.context());
  CHECK_FALSE(stage.sent_step(Step::unfence));
  stage.node(a).outcome = Outcome::ok;
  stage.machine.unfence(stage.context());
  CHECK(stage.sent_step(Step::unfence)->node == a);
  stage.sent();
  stage.knowledge.record.fenced = false;
  stage.machine.unfence(stage.context());
  CHECK_FALSE(stage.sent_step(Step::unfence));
}

TEST_CASE("failover machine: a stall in the survey voids what was seen, and the promote waits for its end") {
  Stage stage;
  stage.to_survey();
  stage.may_act = false;
  stage.now += 1s;
  stage.be_asked();
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.wants_observations_since() == stage.now);
  stage.may_act = true;
  stage.sent();
  stage.finish_survey();
  CHECK(stage.machine.state() == State::targeting);
  stage.answer_journal(true);
  stage.may_act = false;
  stage.advance();
  CHECK(stage.machine.state() == State::targeting);
}

TEST_CASE("failover machine: a master that restarts empty in an ordered failover makes no replica complete") {
  Stage stage;
  stage.be_seen(a);
  stage.node(a).refused.count = 0;
  stage.to_survey(because(Reason::operator_request));
  stage.answer_step(a, Step::fence);
  stage.info(a).run_id = "another";
  stage.info(a).replid = "another";
  stage.info(a).offset = stage.info(a).keys = 0;
  stage.info(b).offset = 90;  // its link says "up", and holds what it has not read yet
  stage.now += 1ms;
  stage.be_asked();
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::survey);
  for (const auto id : {b, c}) stage.info(id).link_up = false;
  stage.advance();
  CHECK(stage.machine.state() == State::targeting);
  CHECK(stage.machine.target() == c);
}

TEST_CASE("failover machine: of MySQL the replicas stop receiving first, and the target applies what it has") {
  Stage stage(config::Kind::mysql);
  stage.to_survey();
  CHECK(stage.node(b).told.step == Step::stop_receiving);
  CHECK(stage.node(c).told.step == Step::stop_receiving);
  CHECK(stage.node(b).replica.stopped_by_us);
  stage.now += 1ms;
  stage.be_asked();
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::survey);  // they receive still
  stage.info(b).sql->executed = stage.info(c).sql->executed = transactions('a', 5);
  stage.finish_survey();
  CHECK(stage.machine.state() == State::applying);
  CHECK(stage.machine.target() == b);
  REQUIRE(stage.sent_step(Step::apply_received));
  CHECK(stage.sent_step(Step::apply_received)->node == b);
  stage.now += 1ms;
  stage.be_asked();
  stage.sent();
  CHECK_FALSE(stage.advance());
  CHECK(stage.sent().empty());  // it is told so already
  stage.info(b).sql->executed = transactions('a');
  stage.advance();
  CHECK(stage.machine.state() == State::targeting);
}

TEST_CASE("failover machine: while the unfence of the failover before is under way the fence waits for its end") {
  Stage stage;
  stage.be_seen(a);
  stage.node(a).refused.count = 0;
  stage.node(a).told.step = Step::unfence;
  stage.to_survey(because(Reason::operator_request));
  CHECK_FALSE(stage.sent_step(Step::fence));
  stage.now += 5ms;
  stage.be_asked();
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::survey);
  stage.answer_step(a, Step::unfence);
  CHECK_FALSE(stage.advance());
  REQUIRE(stage.sent_step(Step::fence));
  stage.machine.step_done(stage.now, StepDone{c, Step::fence, StepResult::done, {}});  // a rogue's, from mending
  stage.be_asked();
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::survey);
  stage.answer_step(a, Step::fence);
  stage.now += 1ms;
  stage.be_asked();
  stage.advance();
  CHECK(stage.machine.state() == State::targeting);
}

TEST_CASE("failover machine: a busy old master delays a failover by the patience of a fence, no longer") {
  Stage stage;
  stage.node(a).refused.count = 0;
  stage.node(a).told.step = Step::demote;
  for (const auto id : {b, c}) stage.info(id).link_up = false;
  stage.to_survey(because(Reason::silence));
  stage.be_asked();
  CHECK_FALSE(stage.advance());
  stage.now += stage.settings.health.timeout / 10;
  stage.be_asked();
  stage.advance();
  CHECK(stage.machine.state() == State::targeting);
  CHECK_FALSE(stage.sent_step(Step::fence));
}

TEST_CASE("failover machine: of MySQL a replica that receives to the end of the patience is not held to have refused") {
  Stage stage(config::Kind::mysql);
  stage.info(b).priority = 0;  // c is the only one that may be chosen
  stage.to_survey();
  stage.now = stage.machine.deadline();
  stage.be_asked();
  const auto ended = stage.advance();
  REQUIRE(ended);
  CHECK(ended->result == Reason::step_failed);
  CHECK_FALSE(ended->target);  // else another with less would be preferred to it, or none chosen at all
}

TEST_CASE("failover machine: a journal that cannot be written at the end is tried again") {
  Stage stage;
  stage.to_confirming();
  stage.answer_journal(false);
  stage.sent();
  CHECK_FALSE(stage.advance());
  CHECK(stage.sent().empty());  // not at once
  stage.now = stage.machine.deadline();
  CHECK_FALSE(stage.advance());
  stage.answer_journal(true);
  CHECK(stage.ends() == Reason::none);
}
