// When a master counts as dead (RULES §2): each piece of evidence, and what becomes of the judgement without it.
#include <doctest/doctest.h>

#include "health/core/judgement/evidence.hpp"
#include "tests/support/knowledge_of.hpp"

namespace {

using namespace std::chrono_literals;
using namespace sengu::health;
using sengu::test::Known;

using sengu::test::a, sengu::test::b, sengu::test::c;

struct Case : Known {
  Time now = seen;

  Case() { knowledge.suspicion = Suspicion{seen, Reason::connection_lost, std::vector<Witness>(3)}; }
  Verdict judge() const { return assess(knowledge, now); }
  void master_refused_twice(Duration apart = 11ms) {
    NodeView& master = node(a);
    master.outcome = Outcome::l4_refused;
    master.refused.count = 2;
    master.refused.first = seen + 1ms;
    master.refused.last = master.last_asked = seen + 1ms + apart;
    now = master.refused.last;
  }
  /// For so long nothing came of it; it does not refuse.
  void master_silent(Duration time) {
    node(a).outcome = Outcome::l7_timeout;
    now = seen + time;
    node(a).last_asked = now;
  }
  /// It was asked to connect to its master anew, and could not for long enough.
  void proved_deaf(NodeId id) {
    Witness& witness = knowledge.suspicion->witnesses[index(id)];
    witness.asked_actively = witness.rehandshaken = now - 150ms;
    link_down(id, now);
  }
};

TEST_CASE("evidence: process death needs two refusals, 10 ms apart, and every reachable witness") {
  Case known;
  known.master_refused_twice();
  known.link_down(b, known.now);
  known.link_down(c, known.now);
  CHECK(known.judge().finding == Finding::dead);
  CHECK(known.judge().reason == Reason::process_death);
  SUBCASE("one refusal") { known.node(a).refused.count = 1; }
  SUBCASE("two within 10 ms") { known.master_refused_twice(9ms); }
  SUBCASE("a witness that still says up") { known.info(c).link_up = true; }
  SUBCASE("a witness that was asked before the first refusal") {
    known.node(c).last_asked = known.node(c).info_asked = known.seen;
  }
  SUBCASE("on_process_death = down_after") {
    known.settings.failover.on_process_death = sengu::config::OnProcessDeath::down_after;
  }
  CHECK(known.judge().finding == Finding::undecided);
}

TEST_CASE("evidence: with no witness that can be reached, it must refuse for the whole of down_after") {
  Case known;
  known.master_refused_twice();
  known.node(b).outcome = known.node(c).outcome = Outcome::l4_timeout;
  CHECK(known.judge().finding == Finding::undecided);
  known.now = known.node(a).refused.first + known.settings.health.down_after;
  CHECK(known.judge().finding == Finding::dead);
}

TEST_CASE("evidence: silence needs down_after, and every reachable witness proved deaf, at least one") {
  Case known;
  known.master_silent(known.settings.health.down_after);
  known.proved_deaf(b);
  known.proved_deaf(c);
  CHECK(known.judge().finding == Finding::dead);
  CHECK(known.judge().reason == Reason::silence);
  Finding expected = Finding::undecided;
  SUBCASE("not so long yet") {
    known.master_silent(known.settings.health.down_after - 1ms);
    known.proved_deaf(b);
    known.proved_deaf(c);
  }
  SUBCASE("a link that says up proves nothing") { known.info(c).link_up = true; }
  SUBCASE("down for no longer than a healthy master takes to accept it again") {
    known.knowledge.suspicion->witnesses[index(c)].rehandshaken = known.now - 50ms;
    known.knowledge.suspicion->witnesses[index(c)].asked_actively = known.now - 50ms;
  }
  SUBCASE("one that hears it overrules all others") {
    known.info(c).link_up = true;
    known.knowledge.suspicion->witnesses[index(c)].hears = known.now;
    expected = Finding::unreachable;
  }
  CHECK(known.judge().finding == expected);
}

TEST_CASE("evidence: silence alone never promotes") {
  Case known;
  known.master_silent(1h);
  known.node(b).outcome = Outcome::l4_refused;
  known.node(c).outcome = Outcome::l4_refused;
  CHECK(known.judge().finding == Finding::undecided);
  SUBCASE("nobody can be asked") {
    known.node(a).refused.count = 1;
    CHECK(known.judge().reason == Reason::no_witness);
  }
  SUBCASE("nobody answers, and nobody refused: our own network") {
    known.node(b).outcome = known.node(c).outcome = Outcome::l4_timeout;
    CHECK(known.judge().reason == Reason::all_nodes_silent);
  }
}

TEST_CASE("evidence: who is a witness") {
  Case known;
  CHECK(is_witness(known.knowledge, b));
  CHECK_FALSE(is_witness(known.knowledge, a));
  SUBCASE("not one further down a chain") { known.info(b).master = known.settings.nodes[2].replication_address; }
  SUBCASE("not one that had been deaf for longer than down_after when we lost the master") {
    known.node(b).replica.heard_master = known.seen - known.settings.health.down_after - 1ms;
  }
  SUBCASE("not one that never heard it") { known.node(b).replica.heard_master.reset(); }
  CHECK_FALSE(is_witness(known.knowledge, b));
}

TEST_CASE("evidence: a stall of ours makes nobody deaf") {
  Case known;
  known.node(a).silent_since = known.seen + 1h;  // the timer began anew
  CHECK(is_witness(known.knowledge, b));
}

TEST_CASE("evidence: witnesses are asked from 200 ms before down_after on, one after another, the candidate last") {
  Case known;
  known.node(b).last_asked = known.node(b).info_asked = known.seen + 1ms;
  known.node(c).last_asked = known.node(c).info_asked = known.seen + 1ms;
  known.master_silent(known.settings.health.down_after - 201ms);
  CHECK_FALSE(known.judge().ask);
  known.master_silent(known.settings.health.down_after - 199ms);
  REQUIRE(known.judge().ask == c);  // b would be promoted
  known.knowledge.suspicion->witnesses[index(c)].asked_actively = known.now;
  CHECK_FALSE(known.judge().ask);
  known.now += 51ms;
  CHECK(known.judge().ask == b);
}

}  // namespace
