// What would keep a node from serving, what makes its promotion impossible, and what the doctor says of both.
#include "health/core/judgement/fitness.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "health/core/doctor/doctor.hpp"
#include "health/core/judgement/candidate.hpp"
#include "health/core/judgement/deciders.hpp"
#include "health/core/judgement/repairs.hpp"
#include "tests/support/contains.hpp"
#include "tests/support/knowledge_of.hpp"

using namespace sengu;
using namespace sengu::health;
using namespace std::chrono_literals;

namespace {

using test::a, test::b, test::c;
using test::contains;

struct Fit : test::Known {
  std::string why_not_serve(NodeId id) { return why_it_could_not_serve(knowledge, node(id)); }
  RedisMemory& memory(NodeId id) {
    auto& abilities = node(id).deciders.abilities;
    if (!abilities) abilities.emplace();
    if (!abilities->memory) abilities->memory = RedisMemory{1000, 0, true};
    return *abilities->memory;
  }
  Selection select() { return select_candidate(knowledge, {Reason::process_death, {}, LossPolicy::keep_writes, seen}); }
  /// The only finding.
  std::string finding() {
    const auto findings = examine(knowledge);
    REQUIRE(findings.size() == 1);
    return findings.front();
  }
};

}  // namespace

TEST_CASE("fitness: a failed save refuses writes, unless the settings say otherwise") {
  Fit fit;
  fit.info(b).save_failed = true;
  CHECK(contains(fit.why_not_serve(b), "rdb_last_bgsave_status"));  // unknown settings: those of a new server
  CHECK(fit.finding().starts_with("b: is promoted only where it holds more"));
  CHECK(fit.select().candidate == c);
  RedisSettings& settings = fit.node(b).deciders.redis.emplace();
  CHECK_FALSE(fit.why_not_serve(b).empty());
  settings.stop_writes_on_bgsave_error = false;
  CHECK(fit.why_not_serve(b).empty());
  CHECK(fit.select().candidate == b);
  settings.stop_writes_on_bgsave_error = true;
  settings.save_points = false;
  CHECK(fit.why_not_serve(b).empty());
}

TEST_CASE("fitness: REPLICAOF renamed or forbidden: never promoted") {
  Fit fit;
  fit.node(b).deciders.abilities = RedisAbilities{"NOPERM this user", {}, {}};
  CHECK(fit.select().candidate == c);
  CHECK(contains(fit.finding(),
                 "b: is never promoted: it refuses REPLICAOF (NOPERM this user), so that it cannot be demoted"));
  fit.node(c).deciders.abilities = fit.node(b).deciders.abilities;
  CHECK_FALSE(fit.select().candidate);
  CHECK(fit.select().rejected[1].reason == Reason::cannot_be_promoted);
  fit.node(c).deciders.abilities->replicaof_refused.clear();
  fit.node(b).deciders.abilities.reset();
  fit.node(a).deciders.abilities = RedisAbilities{"NOPERM this user", {}, {}};
  CHECK(contains(fit.finding(), "a: is not made a master again"));
  fit.node(a).deciders.abilities = RedisAbilities{{}, "ERR unknown command 'CLIENT'", {}};
  CHECK(contains(fit.finding(), "a: refuses CLIENT KILL (ERR unknown command 'CLIENT'):"));
  CHECK(fit.select().candidate == b);
}

TEST_CASE("fitness: less room than the master has") {
  Fit fit;
  fit.memory(a).used = 500;
  fit.memory(b).max = 600;
  SUBCASE("the master has no limit, and its data fits") {
    CHECK(has_less_room(fit.knowledge, fit.node(b)));
    CHECK(fit.why_not_serve(b).empty());
    CHECK(fit.select().candidate == b);
    CHECK(contains(fit.finding(), "b: maxmemory is 600, and the master has none"));
    CHECK(contains(fit.finding(), "it would delete keys: CONFIG SET maxmemory 0"));
    fit.memory(a).max = 800;
    fit.memory(b).evicts = false;
    CHECK(contains(fit.finding(), "the master may use 800"));
    CHECK(contains(fit.finding(), "it would refuse writes: CONFIG SET maxmemory 800"));
  }
  SUBCASE("as much, or more, or a smaller one of the master's") {
    fit.memory(a).max = 600;
    fit.memory(a).used = 900;  // a full cache is a little over its limit
    fit.memory(c).max = 601;
    CHECK(examine(fit.knowledge).empty());
    CHECK(fit.select().candidate == b);
  }
  SUBCASE("the master holds more already") {
    fit.memory(a).used = 601;
    CHECK(contains(fit.finding(), "b: is promoted only where it holds more"));
    CHECK(contains(fit.finding(), "its maxmemory is 600, and the master uses more: it would delete keys"));
    CHECK(fit.select().candidate == c);
    CHECK(fit.select().rejected[1].reason == Reason::could_not_serve);
    fit.memory(b).evicts = false;
    CHECK(contains(fit.why_not_serve(b), "it would refuse writes"));
  }
  SUBCASE("not told") {
    fit.memory(a).used = 601;
    fit.node(a).deciders.abilities.reset();
    CHECK(examine(fit.knowledge).empty());
    CHECK(fit.select().candidate == b);
  }
}

TEST_CASE("fitness: abilities are kept while a server does not tell them, and asked for again soon where it refuses") {
  Fit fit;
  NodeView& node = fit.node(b);
  const auto tell = [&](std::optional<RedisAbilities> abilities) {
    node.deciders.pending = true;
    node.deciders.asked = fit.seen;
    take_deciders(node, DecidersTold{b, std::vector<std::string>{}, {}, {}, std::move(abilities)});
  };
  tell(RedisAbilities{"NOPERM", {}, {}});
  CHECK(deciders_due(node) == fit.seen + 10s);
  tell(std::nullopt);
  CHECK(node.deciders.abilities->replicaof_refused == "NOPERM");
  tell(RedisAbilities{});
  CHECK(deciders_due(node) == fit.seen + 1min);
}

TEST_CASE("fitness: whose pause may be ours") {
  Fit fit;
  auto& masters = fit.knowledge.record.past_servers;
  CHECK_FALSE(was_master_before(fit.knowledge, fit.node(b)));
  masters = {"run-c", "run-b", "run-a"};
  CHECK(was_master_before(fit.knowledge, fit.node(b)));
  CHECK_FALSE(was_master_before(fit.knowledge, fit.node(a)));
  CHECK_FALSE(was_master_before(fit.knowledge, fit.node(c)));
  fit.info(b).run_id = "another";  // a restart ends a pause
  CHECK_FALSE(was_master_before(fit.knowledge, fit.node(b)));
}
