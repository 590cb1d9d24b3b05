// Who is promoted (RULES §5): each filter with its reason, then the order, one difference at a time.
#include <doctest/doctest.h>

#include "health/core/judgement/candidate.hpp"
#include "tests/support/knowledge_of.hpp"

namespace {

using namespace std::chrono_literals;
using namespace sengu::health;
using sengu::test::Known;

using sengu::test::a, sengu::test::b, sengu::test::c;

Reason why_not(const Selection& selection, NodeId id) {
  for (const Rejection& rejection : selection.rejected)
    if (rejection.node == id) return rejection.reason;
  return Reason::none;
}

/// After the master's death; c is to be chosen, and b not, because of `reason`.
void expect_not_b(Known& known, Reason reason,
                  Choice choice = {Reason::process_death, {}, LossPolicy::keep_writes, {}}) {
  if (choice.lost_at == Time{}) choice.lost_at = known.seen;
  const Selection selection = select_candidate(known.knowledge, choice);
  CHECK(selection.candidate == c);
  CHECK(why_not(selection, b) == reason);
}

TEST_CASE("candidate: of equals the first, and the master is none") {
  Known known;
  const Selection selection =
      select_candidate(known.knowledge, {Reason::process_death, {}, LossPolicy::keep_writes, known.seen});
  CHECK(selection.candidate == b);
  CHECK(why_not(selection, a) == Reason::is_master);
  CHECK(why_not(selection, c) == Reason::outranked);
}

TEST_CASE("candidate: filters") {
  Known known;
  SUBCASE("never seen") {
    known.node(b).outcome.reset();
    expect_not_b(known, Reason::node_down);
  }
  SUBCASE("down") {
    known.node(b).outcome = Outcome::l7_timeout;
    expect_not_b(known, Reason::node_down);
  }
  SUBCASE("alive, but answers with an error") {
    known.node(b).outcome = Outcome::noauth;
    expect_not_b(known, Reason::node_down);
  }
  SUBCASE("fewer good probes than rise") {
    known.node(b).tracker.force_down();
    expect_not_b(known, Reason::node_unconfirmed);
  }
  SUBCASE("priority 0 here") {
    known.settings.nodes[1].priority = 0;
    expect_not_b(known, Reason::priority_zero);
  }
  SUBCASE("priority 0 in its own configuration") {
    known.info(b).priority = 0;
    expect_not_b(known, Reason::priority_zero);
  }
  SUBCASE("loading") {
    known.node(b).outcome = Outcome::loading;
    expect_not_b(known, Reason::loading);
  }
  SUBCASE("busy") {
    known.node(b).outcome = Outcome::busy;
    expect_not_b(known, Reason::busy);
  }
  SUBCASE("a master that is not ours") {
    known.info(b).role = Role::master;
    expect_not_b(known, Reason::rogue_master);
  }
  SUBCASE("another history, however much it has received") {
    known.info(b).replid = "another";
    known.info(b).offset = 1'000'000;
    expect_not_b(known, Reason::different_history);
  }
  SUBCASE("lost the master ten times down_after before we did") {
    known.link_down(b, known.seen, 16s);
    expect_not_b(known, Reason::deaf_long_before);
  }
  SUBCASE("behind max_lag_bytes") {
    known.settings.failover.max_lag_bytes = 10;
    known.info(b).offset = 89;
    expect_not_b(known, Reason::lag_limit);
  }
  SUBCASE("in a full sync, where people order it") {
    known.info(b).sync_in_progress = true;
    expect_not_b(known, Reason::full_sync_in_progress, {Reason::operator_request, {}, LossPolicy::keep_writes, {}});
  }
  SUBCASE("two nodes are one server: neither") {
    known.info(b).run_id = known.info(c).run_id;
    const Selection selection =
        select_candidate(known.knowledge, {Reason::process_death, {}, LossPolicy::keep_writes, known.seen});
    CHECK_FALSE(selection.candidate);
    CHECK(why_not(selection, b) == Reason::duplicate_server);
    CHECK(why_not(selection, c) == Reason::duplicate_server);
  }
}

TEST_CASE("candidate: a replica in the full sync that its restarted master made it begin still holds its old data") {
  Known known;
  known.info(b).sync_in_progress = true;
  known.info(b).link_up = false;
  CHECK(
      select_candidate(known.knowledge, {Reason::master_emptied, {}, LossPolicy::keep_writes, known.seen}).candidate ==
      b);
}

TEST_CASE("candidate: the order, the first difference decides") {
  Known known;
  // From the last criterion to the first: each later line overrules all before it.
  known.info(b).master = known.settings.nodes[2].replication_address;  // b is below c
  expect_not_b(known, Reason::outranked);
  known.settings.nodes[0].zone = known.settings.nodes[1].zone = "1a";  // ... but in the old master's zone
  CHECK(select_candidate(known.knowledge, {Reason::process_death, {}, LossPolicy::keep_writes, known.seen}).candidate ==
        b);
  known.settings.nodes[2].priority = 50;  // lower is preferred
  expect_not_b(known, Reason::outranked);
  known.info(b).offset = 101;  // has received more
  CHECK(select_candidate(known.knowledge, {Reason::process_death, {}, LossPolicy::keep_writes, known.seen}).candidate ==
        b);
  known.info(b).replid = "own";  // ... and writes of its own beyond that
  known.info(b).replid2 = "h";
  known.info(b).offset = 110;
  known.info(b).second_offset = 102;
  CHECK(select_candidate(known.knowledge, {Reason::process_death, {}, LossPolicy::keep_writes, known.seen}).candidate ==
        b);
  known.info(b).second_offset = 101;  // ... but of the group's as many as c
  expect_not_b(known, Reason::outranked);
}

TEST_CASE("candidate: a replication filter is a reason against it, unless it is meant") {
  Known known;
  known.settings.kind = sengu::config::Kind::mysql;
  for (const auto id : {a, b, c}) {
    ServerInfo& info = known.info(id);
    info.sql.emplace();
    info.sql->executed = info.sql->received = *GtidSet::parse_mysql("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-9");
    info.sql->applying = true;
  }
  known.knowledge.history = history_of(known.info(a));
  known.info(b).sql->filter = "Replicate_Ignore_DB=logs";
  expect_not_b(known, Reason::replication_filter);
  known.info(c).sql->filter = "Replicate_Ignore_DB=logs";
  const auto chosen = [&](LossPolicy loss) {
    return select_candidate(known.knowledge, {Reason::process_death, {}, loss, known.seen, known.seen}).candidate;
  };
  CHECK_FALSE(chosen(LossPolicy::keep_writes));
  CHECK(chosen(LossPolicy::accept_loss) == b);
  known.settings.nodes[1].accepts_filter = true;
  CHECK(chosen(LossPolicy::keep_writes) == b);
}

TEST_CASE("candidate: one that could not serve is last among those that hold as much") {
  Known known;
  known.info(b).hindrance = "offline_mode is ON";
  expect_not_b(known, Reason::could_not_serve);
  known.info(b).offset = 101;  // it alone holds some writes
  CHECK(select_candidate(known.knowledge, {Reason::process_death, {}, LossPolicy::keep_writes, known.seen}).candidate ==
        b);
  known.info(b).unpromotable = "cluster-enabled is yes";
  expect_not_b(known, Reason::cannot_be_promoted);
}

TEST_CASE("candidate: the operator's word") {
  Known known;
  SUBCASE("only whom he names") {
    CHECK(select_candidate(known.knowledge, {Reason::operator_request, c, LossPolicy::keep_writes, known.seen})
              .candidate == c);
  }
  SUBCASE("another history only where the loss is accepted") {
    known.info(c).replid = "another";
    CHECK_FALSE(select_candidate(known.knowledge, {Reason::operator_request, c, LossPolicy::keep_writes, known.seen})
                    .candidate);
    CHECK(select_candidate(known.knowledge, {Reason::operator_request, c, LossPolicy::accept_loss, known.seen})
              .candidate == c);
  }
  SUBCASE("never one that is down or has priority 0") {
    known.settings.nodes[2].priority = 0;
    CHECK_FALSE(select_candidate(known.knowledge, {Reason::operator_request, c, LossPolicy::accept_loss, known.seen})
                    .candidate);
  }
}

}  // namespace
