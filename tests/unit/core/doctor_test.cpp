// What the doctor says: each finding by what brings it about, and nothing of a group that is well set up.
#include "health/core/doctor/doctor.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "health/model/version.hpp"
#include "tests/support/contains.hpp"
#include "tests/support/knowledge_of.hpp"

using namespace sengu;
using namespace sengu::health;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

using test::contains;

/// One finding about each of these nodes ("ac"; none: one about the group), with all of these words in it, and no
/// other.
void expect(const Knowledge& known, const std::string& nodes, const Texts& words) {
  const auto findings = examine(known);
  CHECK(findings.size() == std::max<std::size_t>(nodes.size(), 1));
  for (std::size_t i = 0; i < findings.size(); ++i) {
    CAPTURE(findings[i]);
    if (i < nodes.size()) CHECK(findings[i].starts_with(nodes.substr(i, 1) + ": "));
    for (const auto& word : words) CHECK_MESSAGE(contains(findings[i], word), word);
  }
}

/// Three Redis servers as the manual asks for them.
struct Redis : test::Known {
  Redis() {
    for (const auto id : {a, b, c}) {
      info(id).version = "7.0.15";
      node(id).deciders.redis = RedisSettings{true, true, true, 1};
    }
  }
};

/// Three MySQL servers as the manual asks for them, with semi-synchronous replication.
struct MySql : test::Known {
  MySql() {
    settings.kind = config::Kind::mysql;
    settings.replication_username = "repl";
    for (const auto id : {a, b, c}) {
      info(id).version = "9.7.4";
      info(id).read_only = id != a;
      SqlInfo& its = info(id).sql.emplace();
      its.semi_sync_source = id == a ? SemiSync::on : SemiSync::off;
      its.semi_sync_replica = SemiSync::on;
      its.net_timeout = 2s;
      if (id == a) {
        its.semi_sync_clients = 2;
      } else {
        its.receiving = its.applying = true;
        its.heartbeat_period = 500ms;
      }
    }
  }
  SqlInfo& sql(NodeId id) { return *info(id).sql; }
  void be_mariadb(NodeId id) {
    info(id).version = "10.11.19";
    sql(id).flavour = SqlInfo::Flavour::mariadb;
  }
  void be_mariadb() {
    for (const auto id : {a, b, c}) be_mariadb(id);
  }
};

}  // namespace

TEST_CASE("doctor: a group that is well set up has no findings") {
  CHECK(examine(Redis().knowledge) == Texts{});
  CHECK(examine(test::Known().knowledge) == Texts{});  // nothing is told of its settings
  CHECK(examine(MySql().knowledge) == Texts{});
  MySql mariadb;
  mariadb.be_mariadb();
  CHECK(examine(mariadb.knowledge) == Texts{});
  MySql asynchronous;
  for (const auto id : {MySql::a, MySql::b, MySql::c})
    asynchronous.sql(id).semi_sync_source = asynchronous.sql(id).semi_sync_replica = SemiSync::absent;
  CHECK(examine(asynchronous.knowledge) == Texts{});
}

TEST_CASE("doctor: of a node that does not answer nothing is said") {
  Redis redis;
  redis.info(Redis::b).version = "6.2.1";
  redis.info(Redis::b).read_only = false;
  redis.node(Redis::b).deciders.redis = RedisSettings{true, false, false, 9};
  REQUIRE(examine(redis.knowledge).size() == 4);
  redis.node(Redis::b).outcome = Outcome::l4_refused;
  CHECK(examine(redis.knowledge) == Texts{});
}

TEST_CASE("doctor: who else decides, and who cannot say") {
  Redis redis;
  redis.node(Redis::c).deciders.names = {"sentinel-1@10.0.0.9"};
  expect(redis.knowledge, "", {"another decider", "sentinel-1@10.0.0.9"});
  redis.node(Redis::c).deciders.names.clear();
  redis.node(Redis::a).deciders.untold = redis.node(Redis::b).deciders.untold = "CLIENT LIST: NOPERM";
  expect(redis.knowledge, "ab", {"cannot tell who else decides: CLIENT LIST: NOPERM"});
}

TEST_CASE("doctor: alive, and of no use; one server under two names") {
  Redis redis;
  redis.node(Redis::b).outcome = Outcome::noauth;
  redis.node(Redis::b).text = "NOAUTH Authentication required.";
  expect(redis.knowledge, "b", {"answers noauth NOAUTH Authentication required."});
  redis.node(Redis::b).outcome = Outcome::ok;
  redis.info(Redis::c).run_id = redis.info(Redis::b).run_id;
  expect(redis.knowledge, "", {"c and b are one server"});
}

TEST_CASE("doctor: versions") {
  CHECK(version_of("9.7.4-2") == Version{9, 7, 4});
  CHECK(version_of("10.11") == Version{10, 11, 0});
  CHECK(version_of("") == Version{});
  CHECK(version_of("7.x") == Version{7, 0, 0});
  CHECK(version_of("7.0.15") < version_of("7.2.0"));
  CHECK(version_of("8.4.9") < version_of("10.2.1"));
  Redis redis;
  redis.info(Redis::c).version = "7.0.2";  // of one series
  CHECK(examine(redis.knowledge) == Texts{});
  redis.info(Redis::c).version = "6.2.14";
  expect(redis.knowledge, "c", {"6.2.14", "7.0.15", "RDB", "update"});
  redis.info(Redis::b).version = "6.2.14";
  expect(redis.knowledge, "bc", {"6.2.14"});
  MySql mysql;
  mysql.info(MySql::a).version = "8.0.36";  // the master is the older one: it breaks when another is promoted
  expect(mysql.knowledge, "a", {"8.0.36", "9.7.4", "binary log"});
}

TEST_CASE("doctor: priority 0 everywhere") {
  Redis redis;
  redis.info(Redis::b).priority = redis.info(Redis::a).priority = 0;
  CHECK(examine(redis.knowledge) == Texts{});
  redis.settings.nodes[2].priority = 0;
  expect(redis.knowledge, "", {"no replica may be promoted", "replica-priority"});
  MySql mysql;
  mysql.settings.nodes[1].priority = mysql.settings.nodes[2].priority = 0;
  expect(mysql.knowledge, "", {"no replica may be promoted", "priority"});
  CHECK_FALSE(contains(examine(mysql.knowledge).front(), "replica-priority"));
  mysql.settings.nodes[2].priority = 1;
  CHECK(examine(mysql.knowledge) == Texts{});
}

TEST_CASE("doctor: redis: a missing masterauth") {
  Redis redis;
  redis.node(Redis::a).deciders.redis->has_master_password = false;
  expect(redis.knowledge, "a", {"masterauth", "CONFIG SET masterauth"});
  for (const auto id : {Redis::a, Redis::b, Redis::c}) redis.node(id).deciders.redis->has_master_password = false;
  expect(redis.knowledge, "abc", {"masterauth"});
  for (const auto id : {Redis::a, Redis::b, Redis::c}) redis.node(id).deciders.redis->requires_password = false;
  CHECK(examine(redis.knowledge) == Texts{});                     // no password anywhere
  redis.node(Redis::b).deciders.redis->requires_password = true;  // b itself would follow others, who ask for none
  expect(redis.knowledge, "ac", {"masterauth"});
}

TEST_CASE("doctor: redis: nothing on disk, and no guard") {
  Redis redis;
  redis.node(Redis::b).deciders.redis->persists = false;
  CHECK(examine(redis.knowledge) == Texts{});  // the guard is on
  redis.settings.failover.amnesia_wait = 0s;
  expect(redis.knowledge, "b", {"amnesia_wait", "appendonly"});
  redis.node(Redis::b).deciders.redis->persists = true;
  CHECK(examine(redis.knowledge) == Texts{});
}

TEST_CASE("doctor: redis: more replicas demanded than a failover leaves") {
  Redis redis;
  redis.node(Redis::b).deciders.redis->min_replicas_to_write = 2;
  expect(redis.knowledge, "b", {"min-replicas-to-write is 2", "1 replica:", "CONFIG SET min-replicas-to-write 1"});
}

TEST_CASE("doctor: redis: a writable replica") {
  Redis redis;
  redis.info(Redis::c).read_only = false;
  expect(redis.knowledge, "c", {"replica-read-only"});
  redis.info(Redis::c).read_only = true;
  redis.info(Redis::a).read_only = false;  // a master may be what it likes
  CHECK(examine(redis.knowledge) == Texts{});
}

TEST_CASE("doctor: mysql: witnesses that notice too late") {
  MySql mysql;
  mysql.sql(MySql::b).net_timeout = 60s;
  CHECK(examine(mysql.knowledge) == Texts{});  // its heartbeats tell, twice a second
  mysql.sql(MySql::b).heartbeat_period = 30s;
  expect(mysql.knowledge, "b",
         {"replica_net_timeout is 60 s", "heartbeats come each 30 s", "down_after is 1.5 s",
          "SET GLOBAL replica_net_timeout=2", "SOURCE_HEARTBEAT_PERIOD=0.5"});
  mysql.sql(MySql::b).heartbeat_period.reset();
  expect(mysql.knowledge, "b",
         {"heartbeats are not known", "SET GLOBAL replica_net_timeout=2 and GRANT SELECT ON performance_schema."});
  mysql.sql(MySql::b).net_timeout = 2s;
  expect(mysql.knowledge, "b", {"delays a failover: GRANT SELECT"});
  mysql.sql(MySql::b).net_timeout = 60s;
  mysql.be_mariadb();
  expect(mysql.knowledge, "b", {"SET GLOBAL slave_net_timeout=2", "MASTER_HEARTBEAT_PERIOD=0.5"});
  mysql.settings.health.down_after = 60s;
  CHECK(examine(mysql.knowledge) == Texts{});
}

TEST_CASE("doctor: mysql: a writable replica") {
  MySql mysql;
  mysql.sql(MySql::b).super_read_only = false;
  expect(mysql.knowledge, "b", {"privileged", "SET GLOBAL super_read_only=ON"});
  mysql.info(MySql::b).read_only = false;
  expect(mysql.knowledge, "b", {"takes writes", "SET GLOBAL super_read_only=ON"});
  mysql.be_mariadb();
  expect(mysql.knowledge, "b", {"SET GLOBAL read_only=ON"});
}

TEST_CASE("doctor: mysql: semi-synchronous replication") {
  MySql mysql;
  SUBCASE("the master's side on a replica") {
    mysql.sql(MySql::c).semi_sync_source = SemiSync::on;
    expect(mysql.knowledge, "c", {"applier", "SET GLOBAL rpl_semi_sync_source_enabled=OFF"});
    mysql.be_mariadb();
    expect(mysql.knowledge, "c", {"SET GLOBAL rpl_semi_sync_master_enabled=OFF"});
  }
  SUBCASE("a replica that does not acknowledge, as others do") {
    mysql.sql(MySql::c).semi_sync_replica = SemiSync::off;
    expect(mysql.knowledge, "c", {"SET GLOBAL rpl_semi_sync_replica_enabled=ON", "START REPLICA IO_THREAD"});
    mysql.sql(MySql::c).semi_sync_replica = SemiSync::absent;
    expect(mysql.knowledge, "c", {"plugin-load-add=semisync_replica.so"});
  }
  SUBCASE("a master that will not acknowledge") {
    mysql.sql(MySql::a).semi_sync_replica = SemiSync::off;
    expect(mysql.knowledge, "a", {"once it is a replica", "rpl_semi_sync_replica_enabled=ON"});
  }
  SUBCASE("the wait point") {
    mysql.be_mariadb();
    for (const auto id : {MySql::a, MySql::b, MySql::c}) mysql.sql(id).semi_sync_after_sync = false;
    expect(mysql.knowledge, "abc", {"SET GLOBAL rpl_semi_sync_master_wait_point=AFTER_SYNC"});
  }
  SUBCASE("MariaDB's patience with a frozen master") {
    mysql.be_mariadb();
    for (const auto id : {MySql::a, MySql::b, MySql::c}) mysql.sql(id).semi_sync_kill_timeout = 1s;
    CHECK(examine(mysql.knowledge) == Texts{});
    mysql.sql(MySql::c).semi_sync_kill_timeout = 5s;
    expect(mysql.knowledge, "c", {"is 5", "SET GLOBAL rpl_semi_sync_slave_kill_conn_timeout=1"});
  }
  SUBCASE("the master's side off, though the replicas are set up") {
    mysql.sql(MySql::a).semi_sync_source = SemiSync::off;
    expect(mysql.knowledge, "a",
           {"acknowledges writes that no replica has", "SET GLOBAL rpl_semi_sync_source_enabled=ON"});
    mysql.sql(MySql::a).semi_sync_source = SemiSync::absent;
    expect(mysql.knowledge, "a", {"plugin-load-add=semisync_source.so"});
  }
  SUBCASE("nobody acknowledges") {
    mysql.sql(MySql::a).semi_sync_clients = 0;
    expect(mysql.knowledge, "a", {"no replica acknowledges", "rpl_semi_sync_replica_enabled=ON"});
    mysql.sql(MySql::a).semi_sync_waiting = 3;
    expect(mysql.knowledge, "a", {"3 sessions"});
  }
}

TEST_CASE("doctor: mysql: logs and GTIDs") {
  MySql mysql;
  mysql.sql(MySql::b).binlog = mysql.sql(MySql::b).logs_updates = false;  // the one goes with the other
  expect(mysql.knowledge, "b", {"log_bin is off"});
  mysql.sql(MySql::b).binlog = true;
  expect(mysql.knowledge, "b", {"log_replica_updates=ON"});
  mysql.info(MySql::b).version = "9.7.3";
  mysql.be_mariadb();
  expect(mysql.knowledge, "b", {"log_slave_updates=ON"});
  mysql.sql(MySql::b).logs_updates = true;
  mysql.sql(MySql::a).gtids = false;
  expect(mysql.knowledge, "a", {"gtid_strict_mode"});
  MySql other;
  other.sql(MySql::a).gtids = false;
  expect(other.knowledge, "a", {"gtid_mode", "enforce_gtid_consistency"});
}

TEST_CASE("doctor: mysql: the old names of MySQL before 8.0.26") {
  MySql mysql;
  for (const auto id : {MySql::a, MySql::b, MySql::c}) mysql.info(id).version = "8.0.25";
  mysql.sql(MySql::b).logs_updates = false;
  expect(mysql.knowledge, "b", {"log_slave_updates=ON"});
}

TEST_CASE("doctor: mysql: threads") {
  MySql mysql;
  SUBCASE("it receives nothing") {
    mysql.sql(MySql::b).receiving = false;
    expect(mysql.knowledge, "b", {"START REPLICA IO_THREAD"});
    mysql.node(MySql::b).replica.stopped_by_us = true;
    CHECK(examine(mysql.knowledge) == Texts{});
    mysql.sql(MySql::b).receive_error = "1236 the source purged";
    expect(mysql.knowledge, "b", {"1236 the source purged"});
  }
  SUBCASE("it applies nothing") {
    mysql.sql(MySql::b).applying = false;
    expect(mysql.knowledge, "b", {"START REPLICA SQL_THREAD"});
    mysql.be_mariadb();
    expect(mysql.knowledge, "b", {"START SLAVE SQL_THREAD, while its source lives"});
    mysql.sql(MySql::b).apply_error = "1062 Duplicate entry";
    expect(mysql.knowledge, "b", {"not promoted: 1062 Duplicate entry"});
  }
}

TEST_CASE("doctor: mysql: MariaDB by file and position") {
  MySql mysql;
  mysql.be_mariadb();
  mysql.sql(MySql::b).by_position.emplace();
  expect(mysql.knowledge, "b", {"file and position", "CHANGE MASTER TO MASTER_USE_GTID=slave_pos"});
}

TEST_CASE("doctor: mysql: errant transactions and further channels") {
  MySql mysql;
  mysql.node(MySql::c).replica.errant = *GtidSet::parse_mysql("0000000c-0000-0000-0000-000000000001:1-3");
  expect(mysql.knowledge, "c", {"3 transactions", "0000000c-0000-0000-0000-000000000001:1-3", "\"An errant node\""});
  mysql.node(MySql::c).replica.errant = {};
  mysql.sql(MySql::b).other_channels = 1;
  expect(mysql.knowledge, "b", {"1 more channel ", "RESET REPLICA ALL"});
}

TEST_CASE("doctor: mysql: what a group needs as a whole") {
  MySql mysql;
  SUBCASE("an account to replicate with") {
    mysql.settings.replication_username.clear();
    expect(mysql.knowledge, "", {"replication_username"});
  }
  SUBCASE("one flavour") {
    for (const auto id : {MySql::a, MySql::b}) mysql.info(id).version = "10.11.4";
    mysql.be_mariadb(MySql::c);
    mysql.info(MySql::c).version = "10.11.4";
    expect(mysql.knowledge, "", {"error: MySQL (a, b) and MariaDB (c)"});
  }
  SUBCASE("MASTER_DEMOTE_TO_SLAVE") {
    mysql.be_mariadb();
    for (const auto id : {MySql::a, MySql::b, MySql::c}) mysql.info(id).version = "10.9.8";
    expect(mysql.knowledge, "abc", {"MariaDB 10.9.8", "MASTER_DEMOTE_TO_SLAVE"});
  }
}

TEST_CASE("doctor: a group says what its servers told, and no more once it is mended") {
  const auto settings = test::group_of(3);
  test::World world(settings);
  for (auto& node : world.nodes) node.settings = RedisSettings{true, true, true, 0};
  world.nodes[0].settings->has_master_password = false;
  world.start();
  world.run(5s);
  REQUIRE(world.status().findings.size() == 1);
  CHECK(world.status().findings.front().starts_with("a: has no masterauth"));
  world.nodes[0].settings->has_master_password = true;
  world.run(61s);
  CHECK(world.status().findings == Texts{});
  world.nodes[1].settings.reset();  // the permission was taken back: unknown is no finding
  world.run(61s);
  CHECK(world.status().findings == Texts{});
}

TEST_CASE("doctor: scheduled events") {
  MySql group;
  using State = ScheduledEvent::State;
  const auto tell = [&](NodeId id, State state) -> ScheduledEvents& {
    auto& told = group.knowledge.schedule.of(id).told.emplace();
    told.all = {{"shop", "sum", "app@%", "utf8mb4", "utf8mb4_bin", state}};
    return told;
  };
  tell(group.b, State::replica_side_disabled);
  tell(group.c, State::replica_side_disabled);
  ScheduledEvents& masters = tell(group.a, State::disabled);
  CHECK(examine(group.knowledge).empty());
  masters.all[0].state = State::enabled;
  SUBCASE("before a change of master") {
    expect(group.knowledge, "a", {"1 scheduled event, 1 of them ENABLED (event_scheduler is OFF)", "\"follow\""});
    masters.scheduler = ScheduledEvents::Scheduler::on;
    expect(group.knowledge, "a", {"event_scheduler is ON"});
    group.settings.scheduled_events = config::ScheduledEvents::follow;
    CHECK(examine(group.knowledge).empty());
    masters.cut_off = true;
    expect(group.knowledge, "a", {"more than 1 scheduled event:", "do not follow"});
    masters.cut_off = false;
    masters.scheduler = ScheduledEvents::Scheduler::off;
    expect(group.knowledge, "a", {"SET GLOBAL event_scheduler=ON"});
  }
  SUBCASE("what sengu may not do") {
    group.settings.scheduled_events = config::ScheduledEvents::follow;
    masters.scheduler = ScheduledEvents::Scheduler::on;
    masters.lacks = {"SET USER", "SUPER"};
    group.knowledge.schedule.of(group.c).told->lacks = {"SUPER"};
    expect(group.knowledge, "", {"a, c: ", "GRANT SET USER, SUPER ON *.* TO sengu's user"});
    masters.lacks.clear();
    group.knowledge.schedule.of(group.c).told->lacks.clear();
    group.knowledge.schedule.of(group.b).told->scheduler = ScheduledEvents::Scheduler::disabled;
    expect(group.knowledge, "b", {"event_scheduler is DISABLED"});
  }
  SUBCASE("what sengu may not see: of interest where events may run") {
    masters.all.clear();
    masters.visible = false;
    CHECK(examine(group.knowledge).empty());
    masters.scheduler = ScheduledEvents::Scheduler::on;
    expect(group.knowledge, "a", {"GRANT EVENT ON *.* TO sengu's user"});
    group.knowledge.schedule.of(group.a) = {};
    group.knowledge.schedule.of(group.a).untold = "1142 denied";
    expect(group.knowledge, "a", {"cannot tell its scheduled events: 1142 denied"});
  }
  SUBCASE("a replica that runs them") {
    masters.all.clear();
    ScheduledEvents& told = tell(group.b, State::enabled);
    told.scheduler = ScheduledEvents::Scheduler::on;
    group.info(group.b).sql->super_read_only = true;
    CHECK(examine(group.knowledge).empty());  // MySQL stops them
    group.info(group.b).sql->flavour = SqlInfo::Flavour::mariadb;
    const auto findings = examine(group.knowledge);
    CHECK(std::any_of(findings.begin(), findings.end(), [](const auto& one) {
      return one.starts_with("b: is a replica that runs 1 scheduled event") && contains(one, "event_scheduler=OFF");
    }));
  }
  SUBCASE("of which nothing is known") {
    masters.all[0].state = State::replica_side_disabled;
    expect(group.knowledge, "a", {"has not seen which of them were ENABLED", "EVENT `shop`.`sum` ENABLE"});
  }
}
