// Why the journal's master takes no writes (RULES §4.5): each cause, and what the journal takes of it.
#include <doctest/doctest.h>

#include "health/core/change/record.hpp"
#include "health/core/judgement/adoption.hpp"
#include "health/core/judgement/read_only.hpp"
#include "tests/unit/core/failover_stage.hpp"

namespace {

using namespace sengu::test;

/// The master is read-only, and follows nothing.
struct Closed : FailoverStage {
  Closed() : FailoverStage(sengu::config::Kind::mysql) {
    node(a).outcome = Outcome::ok;
    node(a).refused.count = 0;
    info(a).role = Role::replica;
    info(a).read_only = true;
    info(a).sql->started = knowledge.record.server_started = 1'800'000'000s;
    info(a).sql->uptime = 1h;
  }
  ReadOnly why() const { return read_only_master(knowledge); }
};

TEST_CASE("read-only master: by hand, where this process was the master and no fence is on it") {
  Closed group;
  CHECK(group.why() == ReadOnly::by_hand);
  group.node(a).outcome = Outcome::l4_refused;  // as last seen
  CHECK(group.why() == ReadOnly::by_hand);
}

TEST_CASE("read-only master: ours, where the journal has a fence on that process") {
  Closed group;
  group.knowledge.record.fenced = true;
  CHECK(group.why() == ReadOnly::ours);
  group.info(a).sql->started += 1s;
  CHECK(group.why() == ReadOnly::restarted);
}

TEST_CASE("read-only master: as after a restart, where no such process is known to have been the master") {
  Closed group;
  SUBCASE("it was restarted") { group.info(a).sql->started += 1s; }
  SUBCASE("a clock that was wrong then") { group.info(a).sql->started -= 1h; }
  SUBCASE("a journal of 0.1.0") { group.knowledge.record.server_started = 0s; }
  SUBCASE("the server does not tell") { group.info(a).sql->started = 0s; }
  SUBCASE("neither does") { group.info(a).sql->started = group.knowledge.record.server_started = 0s; }
  CHECK(group.why() == ReadOnly::restarted);
}

TEST_CASE("read-only master: not such a one") {
  Closed group;
  SUBCASE("it takes writes") { group.info(a).read_only = false; }
  SUBCASE("it has a source") { group.info(a).master = group.settings.nodes[1].replication_address; }
  SUBCASE("another server answers there") { group.info(a).run_id = "another"; }
  SUBCASE("it speaks Redis") { group.info(a).sql.reset(); }
  SUBCASE("the group has none") { group.knowledge.master.reset(); }
  CHECK(group.why() == ReadOnly::no);
}

TEST_CASE("read-only master: the journal knows a process by the second of its start, once it is two seconds old") {
  Closed group;
  ServerInfo& info = group.info(a);
  info.role = Role::master;
  info.read_only = false;
  info.sql->started += 7s;
  info.sql->uptime = 1s;
  CHECK_FALSE(record_process(group.knowledge, info));
  CHECK(group.knowledge.record.server_started == 1'800'000'000s);
  info.sql->uptime = 2s;
  CHECK(record_process(group.knowledge, info));
  CHECK_FALSE(record_process(group.knowledge, info));
  CHECK(group.knowledge.record.server_started == info.sql->started);
  group.become_master(b);  // of which no start is known
  record_master(group.knowledge, b);
  CHECK(group.knowledge.record.server_started == 0s);
}

TEST_CASE("a restart is told by the start of the process: its clock may be set, which its up-time follows") {
  Closed group;
  Observation seen;
  seen.asked = seen.answered = group.seen + 1s;
  seen.info = group.info(a);
  seen.info->sql->uptime = 0s;  // an hour before
  CHECK_FALSE(was_restarted(group.node(a), seen));
  seen.info->sql->started += 1s;
  CHECK(was_restarted(group.node(a), seen));
  seen.info->sql->started = 0s;  // it does not tell
  CHECK(was_restarted(group.node(a), seen));
}

TEST_CASE("read-only master: a failover away from it leaves no fence in the journal; the fence before stays in it") {
  Closed group;
  record_switching(group.knowledge, Reason::operator_request);
  CHECK_FALSE(group.knowledge.record.fenced);
  record_fenced(group.knowledge);
  record_switching(group.knowledge, Reason::process_death);
  CHECK(group.knowledge.record.fenced);
  group.info(a).role = Role::master;  // seen undone: forgotten later, and not at once
  record_master(group.knowledge, a);
  CHECK(group.knowledge.record.fenced);
  record_unfenced(group.knowledge);
  group.info(a).read_only = false;
  record_switching(group.knowledge, Reason::process_death);
  CHECK(group.knowledge.record.fenced);
  group.become_master(b);
  record_master(group.knowledge, b);
  CHECK_FALSE(group.knowledge.record.fenced);
}

TEST_CASE("read-only master: one that lives stops a failover on evidence; an operator's goes on") {
  Closed group;
  group.node(a).outcome = Outcome::l4_refused;
  SUBCASE("on evidence") {
    group.to_survey(because(Reason::silence));
    CHECK_FALSE(group.sent_step(Step::fence));
    group.node(a).outcome = Outcome::ok;
    CHECK(group.ends() == Reason::master_alive_again);
    group.machine.unfence(group.context());
    CHECK_FALSE(group.sent_step(Step::unfence));
  }
  SUBCASE("by order") {
    group.to_survey(because(Reason::operator_request));
    group.node(a).outcome = Outcome::ok;
    CHECK_FALSE(group.ends());
  }
}

TEST_CASE("read-only master: it need not name a new one that has all it has, and that another node names") {
  Closed group;
  group.become_master(b);
  group.info(c).master = group.settings.nodes[1].replication_address;
  CHECK(find_adoptable(group.knowledge).master == b);
  SUBCASE("it has transactions that the new one lacks") { group.info(a).sql->executed = transactions('a', 11); }
  SUBCASE("no other node names it") { group.info(c).master = group.settings.nodes[0].replication_address; }
  SUBCASE("it is no longer read-only") { group.info(a).read_only = false; }
  SUBCASE("it follows a stranger") { group.info(a).master = {"10.9.9.9", 3306}; }
  CHECK(find_adoptable(group.knowledge).reason == Reason::replica_of_stranger);
}

}  // namespace
