// May a node be taken as master as it was found (RULES §7.1)? The one way, and each refusal.
#include <doctest/doctest.h>

#include "health/core/judgement/adoption.hpp"
#include "tests/support/knowledge_of.hpp"

namespace {

using namespace sengu::health;
using sengu::test::Known;

using sengu::test::a, sengu::test::b, sengu::test::c;

void expect_refused(Known& known, Reason reason) {
  const Adoption adoption = find_adoptable(known.knowledge);
  CHECK_FALSE(adoption.master);
  CHECK(adoption.reason == reason);
}

TEST_CASE("adoption: all seen, one says master, all others follow it, and its history is the journal's") {
  Known known;
  CHECK(find_adoptable(known.knowledge).master == a);
  SUBCASE("through a chain") { known.info(c).master = known.settings.nodes[1].replication_address; }
  SUBCASE("no journal") { known.knowledge.record = {}; }
  SUBCASE("it went on from the journal's history") {
    known.info(a).replid = "newer";
    known.info(a).replid2 = "h";
  }
  CHECK(find_adoptable(known.knowledge).master == a);
}

TEST_CASE("adoption: refused") {
  Known known;
  SUBCASE("a node was never seen") {
    known.node(c).info.reset();
    expect_refused(known, Reason::group_unseen);
  }
  SUBCASE("a node is down now") {
    known.node(c).outcome = Outcome::l4_refused;
    expect_refused(known, Reason::group_unseen);
  }
  SUBCASE("two say master") {
    known.info(c).role = Role::master;
    expect_refused(known, Reason::two_masters);
  }
  SUBCASE("none says master") {
    known.info(a).role = Role::replica;
    known.info(a).master = known.settings.nodes[1].replication_address;
    expect_refused(known, Reason::no_master);
  }
  SUBCASE("a replica follows a stranger") {
    known.info(c).master = {"10.9.9.9", 6379};
    expect_refused(known, Reason::replica_of_stranger);
  }
  SUBCASE("its history does not contain the journal's") {
    known.info(a).replid = "another";
    expect_refused(known, Reason::foreign_history);
  }
}

}  // namespace
