// MariaDB's replicas by file and position: what they received compares by the place in their source's log, where all of
// them follow one, and else once it is applied (RULES §5.4).
#include <doctest/doctest.h>

#include "health/core/judgement/candidate.hpp"
#include "health/core/judgement/survey.hpp"
#include "tests/unit/core/failover_stage.hpp"

using namespace sengu;
using namespace sengu::health;
using namespace std::chrono_literals;
using test::a, test::b, test::c, test::because, test::transactions;
using State = test::MachineState;

namespace {

/// a, the master, is dead; b and c follow it by file and position.
struct Positions : test::FailoverStage {
  Positions() : FailoverStage(config::Kind::mysql) {
    for (const auto id : {b, c}) be_at(id, 5000, 5000);
  }
  /// What it has applied of the first ten transactions is a thing of its own: its GTIDs.
  void be_at(NodeId id, std::uint64_t received, std::uint64_t applied) {
    ByPosition& by = info(id).sql->by_position.emplace();
    by.source = "11";
    by.received = {"bin.000001", received};
    by.applied = {"bin.000001", applied};
  }
  void has_applied(NodeId id, int count) { info(id).sql->executed = info(id).sql->received = transactions('a', count); }
  Selection select(LossPolicy loss = LossPolicy::keep_writes, std::optional<NodeId> only = {}) {
    return select_candidate(knowledge, {Reason::process_death, only, loss, now, now});
  }
};

}  // namespace

TEST_CASE("log position: within one log, by the number of the file") {
  const auto at = [](const char* file, const char* bytes) { return *LogPosition::of(file, bytes); };
  CHECK(at("bin.000001", "500") < at("bin.000001", "3000"));
  CHECK(at("bin.000009", "3000") < at("bin.000010", "4"));
  CHECK(at("bin.999999", "3000") < at("bin.1000000", "4"));
  CHECK(at("bin.000002", "4") == at("bin.000002", "4"));
  CHECK(LogPosition{} < at("bin.000001", "4"));
  CHECK(at("bin.000001", "4").is_in_log_of(at("bin.1000000", "4")));
  CHECK_FALSE(at("bin.000001", "4").is_in_log_of(at("binlog.000001", "4")));
  CHECK(at("db2.bin.000012", "3283").text() == "db2.bin.000012:3283");
  CHECK_FALSE(LogPosition::of("", "4"));
  CHECK_FALSE(LogPosition::of("bin", "4"));
  CHECK_FALSE(LogPosition::of("bin.000001", "4x"));
}

TEST_CASE("candidate: of replicas by position the one that has read most of their source's log, whatever is applied") {
  Positions group;
  group.be_at(b, 5000, 1000);
  group.has_applied(b, 2);
  group.be_at(c, 4000, 4000);
  CHECK(group.select().candidate == b);
  CHECK(group.select().comparable);
  CHECK(group.info(c).sql->executed.position() > group.info(b).sql->executed.position());
  CHECK(
      is_behind_another(group.knowledge, c, {Reason::process_death, c, LossPolicy::keep_writes, group.now, group.now}));
  CHECK_FALSE(
      is_behind_another(group.knowledge, b, {Reason::process_death, b, LossPolicy::keep_writes, group.now, group.now}));
  group.be_at(c, 5000, 5000);  // as much: the one with less to apply
  CHECK(group.select().candidate == c);
  group.info(b).sql->by_position->received.file = "bin.000002";
  CHECK(group.select().candidate == b);
}

TEST_CASE("candidate: replicas by position of different servers, or beside one by GTIDs, are yet to be compared") {
  Positions group;
  group.be_at(b, 5000, 1000);
  group.has_applied(b, 2);
  SUBCASE("beside one by GTIDs") { group.info(c).sql->by_position.reset(); }
  SUBCASE("a chain") { group.info(c).master = group.settings.nodes[1].replication_address; }
  SUBCASE("another server under the source's address") { group.info(c).sql->by_position->source = "12"; }
  SUBCASE("a log of another name") {
    group.info(c).sql->by_position->received.file = group.info(c).sql->by_position->applied.file = "other.000001";
  }
  CHECK_FALSE(group.select().comparable);
  CHECK(group.select().candidate == c);  // by what is known
  group.be_at(b, 5000, 5000);
  CHECK(group.select().comparable);
  group.be_at(b, 5000, 1000);
  group.node(b).outcome = Outcome::l4_refused;  // it may not be chosen
  CHECK(group.select().comparable);
}

TEST_CASE("candidate: a source that was not reached since the replica's start is known by its address") {
  Positions group;
  group.be_at(b, 5000, 5000);
  group.be_at(c, 6000, 1000);
  group.info(c).sql->by_position->source = "";
  CHECK(group.select().candidate == c);
  CHECK(group.select().comparable);
}

TEST_CASE("history: by position all is applied at the place that was read, or where an idle applier has come to rest") {
  Positions group;
  group.be_at(b, 5000, 1000);
  CHECK_FALSE(all_applied(group.info(b)));
  group.info(b).sql->by_position->idle = true;
  CHECK_FALSE(all_applied(group.info(b)));
  group.info(b).sql->by_position->at_rest = true;
  CHECK(all_applied(group.info(b)));
  group.be_at(b, 5000, 5000);
  CHECK(all_applied(group.info(b)));
}

TEST_CASE("failover machine: by position the target applies up to where it has read, though its GTIDs lack nothing") {
  Positions group;
  group.to_survey();
  group.be_at(b, 5000, 1000);
  group.be_at(c, 5000, 1000);
  group.finish_survey();
  REQUIRE(group.machine.state() == State::applying);
  CHECK(group.sent_step(Step::apply_received)->node == b);
  CHECK_FALSE(group.advance());
  group.be_at(b, 5000, 5000);
  group.advance();
  CHECK(group.machine.state() == State::targeting);
  CHECK(group.machine.target() == b);  // c has as much, and may apply later
}

TEST_CASE("failover machine: by position a promote says where only half a transaction is left") {
  for (const bool rests : {false, true}) {
    Positions group;
    group.to_survey();
    group.be_at(b, 5000, rests ? 1000 : 5000);
    group.info(b).sql->by_position->at_rest = rests;
    group.be_at(c, 4000, 4000);
    group.finish_survey();
    REQUIRE(group.machine.state() == State::targeting);
    group.answer_journal(true);
    group.sent();
    group.advance();
    const auto promote = group.sent_step(Step::promote);
    REQUIRE(promote);
    CHECK(promote->rest == (rests ? std::optional(LogPosition{"bin.000001", 5000}) : std::nullopt));
  }
}

TEST_CASE("failover machine: what cannot be compared is applied first, and the best of it is the target then") {
  Positions group;
  const auto survey_with = [&](FailoverPlan plan) {
    group.to_survey(plan);
    group.info(c).sql->by_position.reset();
    group.be_at(b, 5000, 1000);
    group.has_applied(b, 2);
    group.has_applied(c, 6);
    group.finish_survey();
    REQUIRE(group.machine.state() == State::applying);
    REQUIRE(group.machine.target() == c);
  };
  SUBCASE("the other has more") {
    survey_with(because(Reason::process_death));
    CHECK_FALSE(group.advance());
    group.has_applied(b, 5);
    group.now += 1s;
    CHECK_FALSE(group.advance());
    CHECK(group.machine.applying().progressed() == group.now);  // b gets on, which is what is waited for
    group.has_applied(b, 9);
    group.be_at(b, 5000, 5000);
    group.advance();
    CHECK(group.machine.target() == b);
    group.advance();
    CHECK(group.machine.state() == State::targeting);
    CHECK(group.machine.target() == b);
  }
  SUBCASE("the other has less") {
    survey_with(because(Reason::process_death));
    group.has_applied(b, 5);
    group.be_at(b, 5000, 5000);
    group.advance();
    CHECK(group.machine.state() == State::targeting);
    CHECK(group.machine.target() == c);
  }
  SUBCASE("the other dies meanwhile") {
    survey_with(because(Reason::process_death));
    group.node(b).outcome = Outcome::l7_timeout;  // one probe failed: it may still hold more
    CHECK_FALSE(group.advance());
    CHECK(group.machine.state() == State::applying);
    group.node(b).shown.sdown = true;
    group.advance();
    CHECK(group.machine.target() == c);
    CHECK(group.machine.state() == State::targeting);
  }
  SUBCASE("the operator named the one that turns out to have less") {
    survey_with(because(Reason::operator_request, c));
    group.has_applied(b, 9);
    group.be_at(b, 5000, 5000);
    CHECK(group.ends() == Reason::still_behind);
  }
}
