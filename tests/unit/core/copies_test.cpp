// How good a copy each node holds (judgement/copies): one difference at a time.
#include <doctest/doctest.h>

#include "health/core/judgement/candidate.hpp"
#include "health/core/judgement/copies.hpp"
#include "tests/support/knowledge_of.hpp"

namespace {

using namespace std::chrono_literals;
using namespace sengu::health;
using sengu::test::Known;

using sengu::test::a, sengu::test::b, sengu::test::c;

/// a has 1,000 keys, and the others as well.
struct Thousand : Known {
  Thousand() {
    for (const auto id : {a, b, c}) {
      info(id).keys = 1000;
      node(id).copy.held = HeldCopy{node(id).settings->name, info(id).run_id, 1000, 100, 0};
    }
  }
  /// Another process answers there, and tells a history that nobody knows.
  void restart(NodeId id, std::uint64_t keys) {
    info(id).run_id = "run-another";
    info(id).replid = "another";
    info(id).replid2.clear();
    info(id).keys = keys;
    info(id).link_up = false;
  }
  bool stranger(NodeId id) { return is_stranger(knowledge, node(id)); }
};

TEST_CASE("copies: when a replica heard its master last") {
  Known known;
  const Time lost = known.seen;
  CHECK(hearing_of(known.knowledge, known.node(b), lost) == Hearing::recent);
  known.link_down(b, lost, 14s);
  CHECK(hearing_of(known.knowledge, known.node(b), lost) == Hearing::recent);
  known.link_down(b, lost, 16s);
  CHECK(hearing_of(known.knowledge, known.node(b), lost) == Hearing::deaf);
  known.info(b).sync_in_progress = true;  // as old as before: the sync has brought nothing yet
  CHECK(hearing_of(known.knowledge, known.node(b), lost) == Hearing::deaf);
  known.info(b).link_down_for.reset();  // it does not tell, but this run saw it hear
  CHECK(hearing_of(known.knowledge, known.node(b), lost) == Hearing::recent);
  CHECK(hearing_of(known.knowledge, known.node(b), lost + 16s) == Hearing::deaf);
  known.info(b).run_id = "run-another";  // another process: what this run saw says nothing of its data
  CHECK(hearing_of(known.knowledge, known.node(b), lost) == Hearing::untold);
}

TEST_CASE("copies: a replica of unknown age is chosen only where its master is gone for good") {
  Known known;
  const auto chosen = [&](Reason cause, Duration after) {
    const Choice choice{cause, {}, LossPolicy::keep_writes, known.seen, known.seen + after};
    return select_candidate(known.knowledge, choice).candidate;
  };
  for (const auto id : {b, c}) {
    known.info(id).run_id += "-again";
    known.info(id).link_up = false;
  }
  known.node(a).outcome = Outcome::l4_refused;
  CHECK_FALSE(chosen(Reason::process_death, 1s));
  CHECK(chosen(Reason::process_death, 1500ms) == b);
  known.node(a).outcome = Outcome::ok;  // it is back, with its data
  CHECK_FALSE(chosen(Reason::server_changed, 2s));
  known.info(a).keys = 0;
  CHECK(chosen(Reason::master_emptied, 0s) == b);
}

TEST_CASE("copies: a server with keys of its own is a stranger unless it is known") {
  Thousand known;
  SUBCASE("another history, and another number of keys") {
    known.restart(c, 700);
    CHECK(known.stranger(c));
    known.info(c).keys = 2500;
    CHECK(known.stranger(c));
  }
  SUBCASE("without keys there is nothing to lose") {
    known.restart(c, 0);
    CHECK_FALSE(known.stranger(c));
  }
  SUBCASE("about as many keys as it had") {
    known.restart(c, 900);
    CHECK_FALSE(known.stranger(c));
    known.info(c).keys = 1100;
    CHECK_FALSE(known.stranger(c));
    known.info(c).keys = 1101;
    CHECK(known.stranger(c));
    known.node(c).copy.held->growth = 40;  // its data grew fast when it was seen last
    CHECK_FALSE(known.stranger(c));
  }
  SUBCASE("it was looked at once, and may have been filled since") {
    known.restart(c, 2500);
    known.node(c).copy.held->growth.reset();
    CHECK_FALSE(known.stranger(c));
    known.info(c).keys = 700;
    CHECK(known.stranger(c));
  }
  SUBCASE("it was never seen as one of the group") {
    known.restart(c, 1000);
    known.node(c).copy.held.reset();
    CHECK(known.stranger(c));
  }
  SUBCASE("at the master's address a journal without numbers of keys is believed") {
    known.restart(a, 700);
    CHECK(known.stranger(a));
    known.node(a).copy.held.reset();
    CHECK_FALSE(known.stranger(a));
  }
  SUBCASE("the master may have got the keys that its replicas have by now") {
    known.restart(a, 1500);
    CHECK(known.stranger(a));
    known.info(b).keys = 1500;
    CHECK_FALSE(known.stranger(a));
  }
  SUBCASE("a history that the group shares or shared") {
    known.restart(c, 700);
    known.info(c).replid2 = "h";
    CHECK_FALSE(known.stranger(c));
    known.info(c).replid2 = "of long ago";
    CHECK(known.stranger(c));
    known.knowledge.record.past_replids = {"of long ago"};
    CHECK_FALSE(known.stranger(c));
  }
  SUBCASE("the same process, unless it follows a server that is not of the group") {
    known.info(c).replid = "another";
    known.info(c).keys = 700;
    CHECK_FALSE(known.stranger(c));
    known.info(c).master = {"10.9.9.9", 6379};
    CHECK(known.stranger(c));
  }
  SUBCASE("the process was taken for one of the group before, when more was known") {
    known.restart(a, 1500);
    known.node(a).copy.taken_for_ours = "run-another";
    CHECK_FALSE(known.stranger(a));
  }
  SUBCASE("the operator gave its data up") {
    known.restart(c, 700);
    known.node(c).copy.welcome = true;
    CHECK_FALSE(known.stranger(c));
  }
}

TEST_CASE("copies: a replica that lost its keys while its offset stood still") {
  Thousand known;
  known.info(b).keys = 499;
  CHECK(lost_its_keys(known.knowledge, b));
  SUBCASE("half of them are enough") {
    known.info(b).keys = 500;
    CHECK_FALSE(lost_its_keys(known.knowledge, b));
  }
  SUBCASE("its offset moved on: its master lost them too") {
    known.info(b).offset = 110;
    CHECK_FALSE(lost_its_keys(known.knowledge, b));
  }
  SUBCASE("... unless another that has received no less still has them") {
    known.info(b).offset = known.info(c).offset = 110;
    CHECK(lost_its_keys(known.knowledge, b));
    known.info(b).offset = 111;
    CHECK_FALSE(lost_its_keys(known.knowledge, b));
  }
  SUBCASE("... and that one has them by writes that this one is yet to receive") {
    known.info(b).offset = 110;
    known.info(c).offset = 110 + 14 * 501;
    CHECK_FALSE(lost_its_keys(known.knowledge, b));
  }
}

TEST_CASE("copies: an emptied replica ranks last, and waits for a fuller copy") {
  Thousand known;
  known.info(b).keys = 0;
  known.node(b).copy.emptied = true;
  known.node(a).outcome = Outcome::l4_refused;
  const auto chosen = [&](Duration after) {
    const Choice choice{Reason::process_death, {}, LossPolicy::keep_writes, known.seen, known.seen + after};
    return select_candidate(known.knowledge, choice).candidate;
  };
  known.info(b).offset = 1000;  // however much it has received
  CHECK(chosen(0s) == c);
  known.settings.nodes[2].priority = 0;  // the fuller copy may not be chosen, but it is there
  CHECK_FALSE(chosen(1h));
  known.node(c).outcome = Outcome::l4_refused;
  CHECK_FALSE(chosen(29s));
  CHECK(chosen(30s) == b);
}

TEST_CASE("copies: a restarted master tells how far its replicas are ahead of it") {
  Known known;
  known.info(a).run_id = "run-another";
  known.info(a).replid = "another";
  known.info(a).replid2 = "h";
  known.info(a).second_offset = 71;
  CHECK(lacks_writes(known.knowledge, known.node(a)) == 30);
  known.info(a).second_offset = 101;
  CHECK(lacks_writes(known.knowledge, known.node(a)) == 0);
  known.info(a).second_offset = 71;
  known.info(a).replid2 = "of another server";
  CHECK(lacks_writes(known.knowledge, known.node(a)) == 0);
}

TEST_CASE("copies: keys that may have expired while the master was away") {
  Thousand known;
  NodeView& master = known.node(a);
  master.copy.expiring = 900;
  master.copy.longest_ttl = 500ms;
  master.info->keys = 100;
  master.info_asked = known.seen + 1s;
  CHECK(expiry_explains(master));
  SUBCASE("more keys are missing than had a time to live") {
    master.info->keys = 99;
    CHECK_FALSE(expiry_explains(master));
  }
  SUBCASE("they would have lived longer") {
    master.copy.longest_ttl = 1s;
    CHECK_FALSE(expiry_explains(master));
  }
  SUBCASE("nothing is missing: it is another server's data, or more of ours") {
    master.info->keys = 1000;
    CHECK_FALSE(expiry_explains(master));
  }
  SUBCASE("nothing is left") {
    master.copy.expiring = 1000;
    master.info->keys = 0;
    CHECK_FALSE(expiry_explains(master));
  }
  SUBCASE("only an earlier run saw them") {
    master.copy.fed.reset();
    CHECK_FALSE(expiry_explains(master));
  }
}

}  // namespace
