// What one look at a group comes to: who is taken for its master, and who could follow him.
#include "health/core/judgement/first_sight.hpp"

#include <doctest/doctest.h>

#include "health/core/judgement/candidate.hpp"
#include "tests/support/knowledge_of.hpp"

using namespace sengu;
using namespace sengu::health;
using namespace std::chrono_literals;

namespace {

using sengu::test::a, sengu::test::b, sengu::test::c;

/// The answers of three servers: a is master, b and c follow it.
struct Answers : test::Known {
  std::vector<FirstAnswer> all;
  Answers() {
    for (const auto id : {a, b, c}) {
      Observation answer;
      answer.outcome = Outcome::ok;
      answer.asked = answer.answered = seen;
      answer.info = info(id);
      all.push_back({answer, DecidersTold{id, std::vector<std::string>{}, "", RedisSettings{}}});
    }
  }
  ServerInfo& said(NodeId id) { return *all[index(id)].seen.info; }
  void silence(NodeId id) { all[index(id)] = {}; }
  Knowledge look() const { return at_first_sight(settings, all); }
};

std::optional<NodeId> candidate(const Knowledge& known) { return select_candidate(known, {}).candidate; }

}  // namespace

TEST_CASE("first sight: one good answer is enough to be chosen") {
  const Answers answers;
  const auto known = answers.look();
  CHECK(known.master == a);
  CHECK(candidate(known) == b);
  CHECK_FALSE(why_not_adopted(known));
  CHECK(known.node(b).deciders.redis);
}

TEST_CASE("first sight: a silent replica is nobody's successor, and no reason of its own") {
  Answers answers;
  answers.silence(b);
  const auto known = answers.look();
  CHECK(known.master == a);
  CHECK(candidate(known) == c);
  CHECK_FALSE(why_not_adopted(known));
}

TEST_CASE("first sight: a silent master is whom all replicas name") {
  Answers answers;
  answers.silence(a);
  answers.said(c).offset += 10;
  const auto known = answers.look();
  CHECK(known.master == a);
  CHECK(candidate(known) == c);
  answers.said(c).master = {"10.9.9.9", 6379};
  CHECK_FALSE(answers.look().master);
}

TEST_CASE("first sight: two masters, none, or a replica of a stranger is not taken") {
  Answers answers;
  answers.said(c).role = Role::master;
  CHECK_FALSE(answers.look().master);
  CHECK(why_not_adopted(answers.look())->starts_with("two_masters: "));
  for (const auto id : {a, b, c}) {
    answers.said(id).role = Role::replica;
    answers.said(id).master = answers.settings.nodes[(index(id) + 1) % 3].replication_address;  // a ring
  }
  CHECK_FALSE(answers.look().master);
  CHECK(why_not_adopted(answers.look())->starts_with("no_master: "));
  Answers strange;
  strange.said(b).master = {"10.9.9.9", 6379};
  CHECK(strange.look().master == a);
  CHECK(why_not_adopted(strange.look())->starts_with("replica_of_stranger"));
}

TEST_CASE("first sight: who cannot say who else decides") {
  Answers answers;
  answers.all[index(b)].told = DecidersTold{b, std::nullopt, "CLIENT LIST: NOPERM"};
  const auto known = answers.look();
  CHECK(known.node(b).deciders.untold == "CLIENT LIST: NOPERM");
  CHECK(known.node(a).deciders.untold.empty());
}

TEST_CASE(
    "first sight: mysql: what a replica has beside its master is errant, what a dead master's replicas have is not") {
  Answers answers;
  const auto set = [](const char* text) { return *GtidSet::parse_mysql(text); };
  const char* writer = "0000000a-0000-0000-0000-000000000001";
  answers.settings.kind = config::Kind::mysql;
  for (const auto id : {a, b, c}) {
    answers.said(id).run_id = id == a ? writer : "0000000b-0000-0000-0000-00000000000" + std::to_string(index(id));
    SqlInfo& sql = answers.said(id).sql.emplace();
    sql.executed = sql.received = set("0000000a-0000-0000-0000-000000000001:1-10");
    sql.applying = sql.receiving = id != a;
  }
  answers.said(c).sql->received.add(
      set("0000000a-0000-0000-0000-000000000001:11-12"));  // written after the master was asked
  CHECK(answers.look().node(c).replica.errant.empty());
  answers.said(b).sql->received.add(set("0000000b-0000-0000-0000-000000000001:1"));
  CHECK(answers.look().node(b).replica.errant == set("0000000b-0000-0000-0000-000000000001:1"));
  CHECK(candidate(answers.look()) == c);
  answers.said(b).sql->received = answers.said(b).sql->executed;
  answers.silence(a);
  for (const auto id : {b, c}) CHECK(answers.look().node(id).replica.errant.empty());
  CHECK(candidate(answers.look()) == c);
}
