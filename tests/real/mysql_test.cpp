// The probe against real MySQL and MariaDB servers: what it reads of each role, and each way in which a server can be
// of no use. Fails where there is no such server.
#include <doctest/doctest.h>

#include <unistd.h>

#include "tests/support/claimed_block.hpp"
#include "tests/support/real_sql.hpp"
#include "tests/support/sql_node.hpp"

namespace sengu::health::mysql {
namespace {

using namespace std::chrono_literals;
using test::claimed_block;
using test::milliseconds_since;
using test::RealSql;
using test::run_until;
using test::sql_options;
using test::SqlNode;
using Clock = std::chrono::steady_clock;

void probe_a_group(const std::string& flavour, int use) {
  RealSql group(flavour, claimed_block(use), 3, {"semi-sync=100"});
  boost::asio::io_context io;
  SqlNode a(io, group.endpoint(1)), b(io, group.endpoint(2));
  const auto first = a.probe();
  REQUIRE_MESSAGE(first.outcome == Outcome::ok, first.text);
  CHECK(first.fresh_connection);
  const auto master = a.info();
  const bool mariadb = flavour == "mariadb";
  CHECK(master.role == Role::master);
  CHECK_FALSE(master.read_only);
  CHECK(master.run_id == (mariadb ? "11" : group.sql(1, "SELECT @@server_uuid")));
  CHECK(group.sql(1, "SELECT @@version").starts_with(master.version));
  REQUIRE(master.sql);
  CHECK(master.sql->flavour == (mariadb ? SqlInfo::Flavour::mariadb : SqlInfo::Flavour::mysql));
  CHECK(master.sql->gtids);
  CHECK(master.sql->binlog);
  CHECK(master.sql->logs_updates);
  CHECK(master.sql->semi_sync_source == SemiSync::on);
  CHECK(master.sql->semi_sync_replica == SemiSync::on);
  CHECK(master.sql->semi_sync_after_sync);
  CHECK(master.sql->semi_sync_kill_timeout.has_value() == (flavour == "mariadb"));
  CHECK(master.sql->semi_sync_clients == 2);
  CHECK(master.sql->net_timeout == 2s);
  CHECK(master.offset > 0);

  group.sql(1, "INSERT INTO test.w VALUES ('probe', 1)");
  const auto written = a.info();
  CHECK(written.sql->executed.minus(master.sql->executed).count() == 1);
  CHECK(b.eventually([&](const ServerInfo& info) { return info.sql->executed.contains(written.sql->executed); }));
  const auto replica = b.info();
  CHECK(replica.role == Role::replica);
  CHECK(replica.master == group.endpoint(1));
  CHECK(replica.read_only);
  CHECK(replica.link_up);
  CHECK(replica.sql->receiving);
  CHECK(replica.sql->applying);
  CHECK(replica.sql->super_read_only);
  CHECK(replica.sql->semi_sync_source == SemiSync::off);
  CHECK(replica.sql->receive_error.empty());
  CHECK(b.eventually(
      [](const ServerInfo& info) { return info.sql->behind == 0s; }));  // MySQL: NULL while it looks at its first event
  CHECK(replica.offset == written.offset);
  CHECK(replica.sql->heartbeat_period.has_value());  // MySQL: only with a grant and performance_schema
  if (mariadb) CHECK(*replica.sql->heartbeat_period == 500ms);

  group.sql(2, mariadb ? "STOP SLAVE SQL_THREAD" : "STOP REPLICA SQL_THREAD");
  group.sql(1, "INSERT INTO test.w VALUES ('probe', 2)");
  CHECK(b.eventually([&](const ServerInfo& info) { return info.offset == written.offset + 1; }));
  const auto behind = b.info();
  CHECK_FALSE(behind.sql->applying);
  CHECK(behind.sql->received.minus(behind.sql->executed).count() == 1);

  group.sql(2, "SET GLOBAL read_only=OFF");
  CHECK(b.info().role == Role::replica);
  CHECK_FALSE(b.info().read_only);
  group.sql(1, "SET GLOBAL read_only=ON");
  const auto fenced = a.info();
  CHECK(fenced.role == Role::replica);
  CHECK(fenced.master.host.empty());
  CHECK(fenced.sql->super_read_only == mariadb);

  double sum = 0;
  constexpr int probes = 100;
  for (int i = 0; i < probes; ++i) {
    const auto begin = Clock::now();
    b.probe();
    sum += milliseconds_since(begin);
  }
  MESSAGE(flavour << ": a probe of a replica takes " << sum / probes << " ms");
}

TEST_CASE("mysql real: what the probe reads of MySQL") { probe_a_group("mysql", 0); }
TEST_CASE("mysql real: what the probe reads of MariaDB") { probe_a_group("mariadb", 1); }

void outlive_a_server(const std::string& flavour, int use) {
  RealSql group(flavour, claimed_block(use), 1);
  boost::asio::io_context io;
  SqlNode node(io, group.endpoint(1), 300ms);
  REQUIRE(node.eventually([](const ServerInfo&) { return true; }));
  const auto started = node.info().sql->started;
  CHECK(started > 1'700'000'000s);

  // frozen between two questions: the kept connection owes its answer, a side connection gets no greeting
  group.freeze(1);
  CHECK(node.probe().outcome == Outcome::l7_timeout);
  CHECK_FALSE(node.seen.front().fresh_connection);
  const auto aside = node.probe();
  CHECK(aside.outcome == Outcome::l7_timeout);
  CHECK(aside.fresh_connection);
  CHECK(node.probe().outcome == Outcome::l7_timeout);
  CHECK(node.lost == 0);
  node.seen.clear();
  group.thaw(1);
  REQUIRE(run_until(
      io, [&] { return !node.seen.empty(); }, SqlNode::patience));
  CHECK(node.seen.front().outcome == Outcome::ok);
  REQUIRE(node.eventually([](const ServerInfo&) { return true; }));
  CHECK(node.lost == 0);
  SqlNode another(io, group.endpoint(1));
  CHECK(another.info().sql->started == started);  // the same for every connection, and at any time

  // killed while idle
  std::vector<double> times;
  for (int i = 0; i < 3; ++i) {
    node.lost = 0;
    const auto begin = Clock::now();
    group.kill(1);
    REQUIRE(run_until(
        io, [&] { return node.lost == 1; }, SqlNode::patience));
    times.push_back(milliseconds_since(begin));
    // its listening socket may be closed a little later than its connections
    CHECK(run_until(
        io, [&] { return node.probe().outcome == Outcome::l4_refused; }, SqlNode::patience));
    CHECK(node.run(Step::fence).first == StepResult::unreachable);
    CHECK(node.deciders().second == "not connected");
    group.start_again(1);
    REQUIRE(node.eventually([](const ServerInfo&) { return true; }));
  }
  CHECK(node.info().sql->started > started);
  MESSAGE(flavour << ": kill -9 to on_connection_lost " << times[0] << " " << times[1] << " " << times[2] << " ms");

  // frozen where there is no connection yet, then killed: the connection that waits for its greeting says so
  SqlNode late(io, group.endpoint(1), 300ms);
  group.freeze(1);
  CHECK(late.probe().outcome == Outcome::l7_timeout);
  CHECK(late.run(Step::fence, {}, 300ms) == SqlNode::Result{StepResult::unreachable, "no answer in time"});
  group.kill(1);
  REQUIRE(run_until(
      io, [&] { return late.lost == 1; }, SqlNode::patience));
  CHECK(run_until(
      io, [&] { return late.probe().outcome == Outcome::l4_refused; }, SqlNode::patience));
}

TEST_CASE("mysql real: MySQL freezes, goes on, and dies") { outlive_a_server("mysql", 2); }
TEST_CASE("mysql real: MariaDB freezes, goes on, and dies") { outlive_a_server("mariadb", 3); }

void meet_refusals(const std::string& flavour, int use) {
  RealSql group(flavour, claimed_block(use), 1);
  boost::asio::io_context io;
  auto wrong = sql_options(group.endpoint(1));
  wrong.login.password = {"wrong"};
  SqlNode locked_out(io, wrong);
  CHECK(locked_out.probe().outcome == Outcome::noauth);
  CHECK(locked_out.run(Step::fence).first == StepResult::failed);
  CHECK(locked_out.run(Step::fence).second.starts_with("1045 "));

  auto app = sql_options(group.endpoint(1));
  app.login.username = app.login.password.value = "app";
  SqlNode unprivileged(io, app);
  const auto seen = unprivileged.probe();
  CHECK(seen.outcome == Outcome::noperm);
  CHECK_MESSAGE(seen.text.starts_with("1227 "), seen.text);
  CHECK(unprivileged.probe().outcome == Outcome::noperm);

  auto bad_query = sql_options(group.endpoint(1));
  bad_query.query = "SELECT 1 FROM nowhere.x";
  SqlNode curious(io, bad_query);
  CHECK(curious.probe().outcome == Outcome::error);
  CHECK_MESSAGE(curious.seen.front().text.starts_with("health.query: 1"), curious.seen.front().text);
  CHECK(curious.lost == 0);

  auto slow_query = sql_options(group.endpoint(1), 200ms);
  slow_query.query = "SELECT SLEEP(1)";
  SqlNode slow(io, slow_query);
  const auto late = slow.probe();
  CHECK(late.outcome == Outcome::error);
  CHECK(late.text == "slow reply");
  slow.seen.clear();
  REQUIRE(run_until(
      io, [&] { return !slow.seen.empty(); }, SqlNode::patience));
  CHECK(slow.seen.front().outcome == Outcome::ok);
  CHECK(slow.seen.front().asked == late.asked);

  auto endless_query = sql_options(group.endpoint(1));
  endless_query.query =
      "SELECT REPEAT('x', 1000) FROM information_schema.COLLATIONS a, information_schema.COLLATIONS b";
  SqlNode endless(io, endless_query);
  CHECK(endless.probe().outcome == Outcome::error);
  CHECK(endless.seen.front().text == "an answer over 4 MiB");

  auto app_options = sql_options(group.endpoint(1));
  app_options.login.username = app_options.login.password.value = "app";
  group.sql(1, "SET GLOBAL max_connections=10");
  std::vector<std::unique_ptr<SqlNode>> crowd;
  REQUIRE(run_until(
      io,
      [&] {
        crowd.push_back(std::make_unique<SqlNode>(io, app_options));
        return crowd.back()->probe().outcome == Outcome::error;
      },
      SqlNode::patience));
  CHECK_MESSAGE(crowd.back()->seen.front().text.starts_with("1040 "), crowd.back()->seen.front().text);
  CHECK(crowd.back()->lost == 0);
  SqlNode monitor(io, group.endpoint(1));
  CHECK(monitor.probe().outcome == Outcome::ok);  // CONNECTION_ADMIN
}

TEST_CASE("mysql real: MySQL is alive and of no use") { meet_refusals("mysql", 4); }
TEST_CASE("mysql real: MariaDB is alive and of no use") { meet_refusals("mariadb", 5); }

/// Its IO thread goes on saying Yes: the connection stands, and the net timeout is far away.
void miss_heartbeats(const std::string& flavour, int use, const std::vector<std::string>& more) {
  RealSql group(flavour, claimed_block(use), 2, more);
  const bool mariadb = flavour == "mariadb";
  if (!mariadb) {
    for (const auto* table : {"replication_connection_status", "replication_connection_configuration"}) {
      group.sql(1, "GRANT SELECT ON performance_schema." + std::string(table) + " TO monitor@'%'");
    }
  }
  boost::asio::io_context io;
  SqlNode replica(io, group.endpoint(2));
  REQUIRE(run_until(
      io,
      [&] {  // the grant arrives
        SqlNode anew(io, group.endpoint(2));
        const auto seen = anew.probe();
        return seen.info && seen.info->sql->heartbeat_period == 500ms;
      },
      SqlNode::patience));
  REQUIRE(replica.eventually([](const ServerInfo& info) { return info.link_up && info.sql->heartbeats > 0; }));
  const auto heard = replica.info().sql->heartbeats;
  CHECK(replica.eventually([&](const ServerInfo& info) { return info.sql->heartbeats > heard; }));
  group.freeze(1);
  const auto begin = Clock::now();
  CHECK(replica.eventually([](const ServerInfo& info) { return !info.link_up; }));
  CHECK(group.column(2, mariadb ? "Slave_IO_Running" : "Replica_IO_Running") == "Yes");
  MESSAGE(flavour << ": a frozen source is missed after " << milliseconds_since(begin) << " ms");
  group.thaw(1);
  CHECK(replica.eventually([](const ServerInfo& info) { return info.link_up; }));
}

TEST_CASE("mysql real: a frozen source is missed by its heartbeats, MySQL") {
  miss_heartbeats("mysql", 8, {"--performance-schema=ON", "--replica-net-timeout=60"});
}
TEST_CASE("mysql real: a frozen source is missed by its heartbeats, MariaDB") {
  miss_heartbeats("mariadb", 9, {"--slave-net-timeout=60"});
}

void see_other_deciders(const std::string& flavour, int use) {
  using Names = std::vector<std::string>;
  RealSql group(flavour, claimed_block(use), 1);
  boost::asio::io_context io;
  SqlNode one(io, group.endpoint(1)), two(io, group.endpoint(1));
  REQUIRE(one.probe().outcome == Outcome::ok);
  REQUIRE(two.probe().outcome == Outcome::ok);
  CHECK(one.deciders().first == Names{});
  CHECK(two.deciders().first == Names{"monitor@127.0.0.1"});
  one.probe(ProbeVia::fresh_connection);  // the lock's connection is ended: either of them may have it next
  CHECK(run_until(
      io,
      [&] {
        const auto holder = one.deciders().first, other = two.deciders().first;
        return holder && other && holder->size() + other->size() == 1;
      },
      SqlNode::patience));
  one.node.close();
  CHECK(run_until(
      io, [&] { return two.deciders().first == Names{}; }, SqlNode::patience));
}

TEST_CASE("mysql real: two deciders see each other on MySQL") { see_other_deciders("mysql", 6); }
TEST_CASE("mysql real: two deciders see each other on MariaDB") { see_other_deciders("mariadb", 7); }

}  // namespace
}  // namespace sengu::health::mysql
