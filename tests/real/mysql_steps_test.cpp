// The steps against real MySQL and MariaDB groups of three with semi-sync: failover, what must fail, and what each
// costs.
#include <doctest/doctest.h>

#include <unistd.h>

#include <boost/asio/steady_timer.hpp>

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
using Result = SqlNode::Result;

const Result step_done{StepResult::done, {}};

/// A group of three, the first its master, and a node for each.
struct Group {
  Group(const std::string& flavour, int use, std::vector<std::string> more = {"semi-sync=100"})
      : name(flavour), servers(flavour, claimed_block(use), 3, more), a(io, servers.endpoint(1)),
        b(io, servers.endpoint(2)), c(io, servers.endpoint(3)) {}

  std::string stop(const std::string& thread) const {
    return std::string(name == "mariadb" ? "STOP SLAVE " : "STOP REPLICA ") + thread;
  }
  std::string start(const std::string& thread) const {
    return std::string(name == "mariadb" ? "START SLAVE " : "START REPLICA ") + thread;
  }
  void write(int server, int n) {
    servers.sql(server, "INSERT INTO test.w VALUES ('steps', " + std::to_string(n) + ")");
  }
  std::string rows(int server) { return servers.sql(server, "SELECT COUNT(*) FROM test.w WHERE writer = 'steps'"); }
  bool arrive(int server, const std::string& count) {
    return run_until(
        io, [&] { return rows(server) == count; }, SqlNode::patience);
  }
  std::string io_state(int server) {
    return servers.column(server, name == "mariadb" ? "Slave_IO_Running" : "Replica_IO_Running");
  }

  std::string name;
  boost::asio::io_context io;
  RealSql servers;
  SqlNode a, b, c;
};

void fail_over(const std::string& flavour, int use) {
  Group group(flavour, use);
  auto& [name, io, servers, a, b, c] = group;
  group.write(1, 1);
  CHECK(group.arrive(2, "1"));

  CHECK(b.run(Step::stop_receiving) == step_done);
  CHECK(b.run(Step::stop_receiving) == step_done);
  CHECK_FALSE(b.info().sql->receiving);
  CHECK(b.info().sql->applying);
  CHECK(b.run(Step::start_receiving) == step_done);
  CHECK(b.run(Step::start_receiving) == step_done);
  CHECK(b.eventually([](const ServerInfo& info) { return info.link_up; }));
  CHECK(b.run(Step::rehandshake) == step_done);
  CHECK(b.eventually([](const ServerInfo& info) { return info.link_up; }));
  CHECK(a.run(Step::stop_receiving) == step_done);  // no source: nothing to stop
  CHECK(a.run(Step::start_receiving) == step_done);
  CHECK(a.run(Step::rehandshake) == Result{StepResult::failed, "it has no source"});
  CHECK(a.run(Step::apply_received) == step_done);

  // what was received is not applied, because the applier is stopped
  servers.sql(2, group.stop("SQL_THREAD"));
  group.write(1, 2);
  CHECK(b.eventually([](const ServerInfo& info) { return info.sql->received.minus(info.sql->executed).count() == 1; }));
  CHECK(b.run(Step::apply_received) == Result{StepResult::failed, "the applier does not run"});
  CHECK(b.run(Step::promote) == Result{StepResult::failed, "1 received transactions are not applied"});
  CHECK(b.info().role == Role::replica);
  CHECK(b.info().read_only);
  CHECK(b.info().master == servers.endpoint(1));
  CHECK(b.run(Step::start_receiving) == step_done);  // the failed promotion stopped it
  servers.sql(2, group.start("SQL_THREAD"));
  CHECK(group.arrive(2, "2"));

  // ... and because it has to wait for a lock
  servers.keep(2, "LOCK TABLES test.w READ");
  group.write(1, 3);
  CHECK(b.eventually([](const ServerInfo& info) { return info.sql->received.minus(info.sql->executed).count() == 1; }));
  CHECK(b.run(Step::stop_receiving) == step_done);
  CHECK(b.run(Step::apply_received, {}, 600ms) == Result{StepResult::failed, "1 of 1 transactions left"});
  servers.drop(2);
  CHECK(b.run(Step::apply_received) == step_done);
  CHECK(group.rows(2) == "3");

  CHECK(a.run(Step::fence) == step_done);
  CHECK(a.run(Step::fence) == step_done);
  CHECK(a.info().read_only);
  CHECK(a.run(Step::unfence) == step_done);
  CHECK(a.info().role == Role::master);
  CHECK(a.run(Step::fence) == step_done);

  CHECK(b.run(Step::promote) == step_done);
  CHECK(b.run(Step::promote) == step_done);
  const auto promoted = b.info();
  CHECK(promoted.role == Role::master);
  CHECK(promoted.master.host.empty());
  CHECK(promoted.sql->semi_sync_source == SemiSync::on);
  CHECK(c.run(Step::repoint, servers.endpoint(2)) == step_done);
  CHECK(c.run(Step::repoint, servers.endpoint(2)) == step_done);
  CHECK(a.run(Step::demote, servers.endpoint(2)) == step_done);
  CHECK(a.run(Step::demote, servers.endpoint(2)) == step_done);
  group.write(2, 4);
  CHECK(group.arrive(1, "4"));
  CHECK(group.arrive(3, "4"));
  CHECK(a.eventually([&](const ServerInfo& info) { return info.link_up && info.master == group.servers.endpoint(2); }));
  CHECK(a.info().sql->semi_sync_source == SemiSync::off);
  CHECK(a.info().read_only);
  CHECK(c.info().master == servers.endpoint(2));

  // and back again: semi-sync by hand, without credentials, and to a server that is not there
  CHECK(b.run(Step::semi_sync_off) == step_done);
  CHECK(b.info().sql->semi_sync_source == SemiSync::off);
  CHECK(b.run(Step::semi_sync_on) == step_done);
  CHECK(b.info().sql->semi_sync_source == SemiSync::on);
  auto bare = sql_options(servers.endpoint(2));
  bare.replication_username.clear();
  SqlNode nameless(io, bare);
  CHECK(nameless.run(Step::repoint, servers.endpoint(1)).second.starts_with("needs replication_username"));
  CHECK(b.info().role == Role::master);
}

TEST_CASE("mysql steps real: a failover and back on MySQL") { fail_over("mysql", 0); }
TEST_CASE("mysql steps real: a failover and back on MariaDB") { fail_over("mariadb", 1); }

void keep_the_relay_log(const std::string& flavour, int use) {
  Group group(flavour, use, {});
  auto& [name, io, servers, a, b, c] = group;
  servers.keep(2, "LOCK TABLES test.w READ");
  for (int n = 1; n <= 20; ++n) group.write(1, n);
  const auto all_received = [](const ServerInfo& info) {
    return info.sql->received.minus(info.sql->executed).count() == 20;
  };
  CHECK(b.eventually(all_received));
  CHECK(b.run(Step::rehandshake) == step_done);
  CHECK(b.eventually([&](const ServerInfo& info) { return info.link_up && all_received(info); }));
  servers.freeze(1);
  for (int i = 0; i < 2; ++i) {
    const auto begin = Clock::now();
    CHECK(b.run(Step::rehandshake) == step_done);
    MESSAGE(name << ": rehandshake with a frozen source takes " << milliseconds_since(begin) << " ms");
    CHECK(all_received(b.info()));
    CHECK_FALSE(b.info().link_up);
  }
  servers.drop(2);
  CHECK(b.run(Step::apply_received) == step_done);
  CHECK(group.rows(2) == "20");
  auto begin = Clock::now();
  CHECK(b.run(Step::stop_receiving) == step_done);
  MESSAGE(name << ": stop_receiving with a frozen source, connecting, takes " << milliseconds_since(begin) << " ms");
  begin = Clock::now();
  CHECK(c.run(Step::stop_receiving) == step_done);
  MESSAGE(name << ": stop_receiving with a frozen source, connected, takes " << milliseconds_since(begin) << " ms");
  CHECK(b.run(Step::promote) == step_done);
  servers.thaw(1);
}

TEST_CASE("mysql steps real: a relay log is kept when MySQL's IO thread starts anew") {
  keep_the_relay_log("mysql", 2);
}
TEST_CASE("mysql steps real: a relay log is kept when MariaDB's IO thread starts anew") {
  keep_the_relay_log("mariadb", 3);
}

void see_the_master_die(const std::string& flavour, int use) {
  Group group(flavour, use);
  auto& [name, io, servers, a, b, c] = group;
  CHECK(b.eventually([](const ServerInfo& info) { return info.link_up; }));
  auto begin = Clock::now();
  servers.kill(1);
  CHECK(b.eventually([](const ServerInfo& info) { return !info.link_up; }));
  MESSAGE(name << ": kill -9 of the master to its replica's IO thread no longer Yes: " << milliseconds_since(begin)
               << " ms");
  for (auto* node : {&b, &c}) {
    begin = Clock::now();
    CHECK(node->run(Step::stop_receiving) == step_done);
    MESSAGE(name << ": stop_receiving with a dead source takes " << milliseconds_since(begin) << " ms");
  }
  begin = Clock::now();
  CHECK(b.run(Step::apply_received) == step_done);
  CHECK(b.run(Step::promote) == step_done);
  MESSAGE(name << ": apply_received and promote take " << milliseconds_since(begin) << " ms");
  begin = Clock::now();
  CHECK(c.run(Step::repoint, servers.endpoint(2)) == step_done);
  MESSAGE(name << ": repoint takes " << milliseconds_since(begin) << " ms");
  servers.start_again(1);
  CHECK(a.eventually(
      [](const ServerInfo& info) { return info.role == Role::replica; }));  // read_only in its configuration
  begin = Clock::now();
  CHECK(a.run(Step::demote, servers.endpoint(2)) == step_done);
  MESSAGE(name << ": demote takes " << milliseconds_since(begin) << " ms");
  CHECK(a.eventually([](const ServerInfo& info) { return info.link_up; }));
  group.write(2, 1);
  CHECK(group.arrive(1, "1"));
  CHECK(group.arrive(3, "1"));
}

TEST_CASE("mysql steps real: MySQL's master dies and returns") { see_the_master_die("mysql", 4); }
TEST_CASE("mysql steps real: MariaDB's master dies and returns") { see_the_master_die("mariadb", 5); }

/// What a replica received is applied before it is told to follow another, which may be gone before it sends it again.
void apply_before_following(const std::string& flavour, int use) {
  Group group(flavour, use, {});
  auto& [name, io, servers, a, b, c] = group;
  servers.keep(3, "LOCK TABLES test.w READ");
  for (int n = 1; n <= 20; ++n) group.write(1, n);
  CHECK(
      c.eventually([](const ServerInfo& info) { return info.sql->received.minus(info.sql->executed).count() == 20; }));
  servers.kill(1);
  servers.kill(2);
  boost::asio::steady_timer soon(io, 100ms);
  soon.async_wait([&group](const boost::system::error_code&) { group.servers.drop(3); });
  CHECK(c.run(Step::repoint, servers.endpoint(2), 2s) == step_done);
  CHECK(c.info().master == servers.endpoint(2));
  CHECK(group.arrive(3, "20"));
}

TEST_CASE("mysql steps real: a MySQL replica applies what it received before it follows another") {
  apply_before_following("mysql", 8);
}
TEST_CASE("mysql steps real: a MariaDB replica applies what it received before it follows another") {
  apply_before_following("mariadb", 9);
}

/// Its commits wait for an acknowledgement that nobody sends any more, and hold up the fence.
void demote_a_master_that_waits(const std::string& flavour, int use) {
  Group group(flavour, use);
  auto& [name, io, servers, a, b, c] = group;
  CHECK(b.run(Step::stop_receiving) == step_done);
  CHECK(c.run(Step::stop_receiving) == step_done);
  CHECK(b.run(Step::promote) == step_done);
  servers.send(1, "INSERT INTO test.w VALUES ('late', 1)");
  CHECK(a.eventually([](const ServerInfo& info) { return info.sql->semi_sync_waiting > 0; }));
  auto hands_off = sql_options(servers.endpoint(1));
  hands_off.semi_sync = config::SemiSync::off;
  SqlNode without_leave(io, hands_off);
  const auto kept_out = without_leave.run(Step::fence);
  CHECK(kept_out.first == StepResult::failed);
  CHECK_MESSAGE(kept_out.second.find("1205 ") != std::string::npos, kept_out.second);
  CHECK(kept_out.second.ends_with("(1 sessions wait for a semi-sync acknowledgement)"));
  CHECK(a.run(Step::fence) == step_done);
  auto begin = Clock::now();
  const auto result = a.run(Step::demote, servers.endpoint(2));
  MESSAGE(name << ": demote takes " << milliseconds_since(begin) << " ms: " << result.second);
  CHECK(result == step_done);
  CHECK(a.info().read_only);
  CHECK(a.info().master == servers.endpoint(2));
  CHECK(a.info().sql->semi_sync_source == SemiSync::off);
}

TEST_CASE("mysql steps real: a MySQL master that waits for acknowledgements is demoted") {
  demote_a_master_that_waits("mysql", 6);
}
TEST_CASE("mysql steps real: a MariaDB master that waits for acknowledgements is demoted") {
  demote_a_master_that_waits("mariadb", 7);
}

/// The fence of a demotion waits for a table lock.
void give_up_a_demotion(const std::string& flavour, int use) {
  Group group(flavour, use);
  auto& a = group.a;
  group.servers.keep(1, "LOCK TABLES test.w WRITE");
  const auto began = Clock::now();
  CHECK(a.run(Step::demote, group.servers.endpoint(2), 500ms) ==
        Result{StepResult::failed, "no answer in time; ended at the server"});
  CHECK(milliseconds_since(began) >= 500);
  CHECK(group.servers.sql(1, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SET GLOBAL %'") ==
        "0");
  group.servers.drop(1);
  group.write(1, 1);
  CHECK_FALSE(a.info().read_only);
  CHECK(a.info().master.host.empty());
}

TEST_CASE("mysql steps real: a demotion that hangs is ended on MySQL") { give_up_a_demotion("mysql", 12); }
TEST_CASE("mysql steps real: a demotion that hangs is ended on MariaDB") { give_up_a_demotion("mariadb", 13); }

/// Nothing is undone: it goes on as a replica once it is told to, or is promoted once the lock is gone.
void promote_a_locked_server(const std::string& flavour, int use, const std::vector<std::string>& lock) {
  Group group(flavour, use, {"semi-sync=100", "--performance-schema=ON"});
  auto& b = group.b;
  for (const auto& statement : lock) group.servers.keep(2, statement);
  const auto result = b.run(Step::promote);
  CHECK(result.first == StepResult::failed);
  CHECK(result.second.find("lock") != std::string::npos);
  CHECK(b.info().read_only);
  CHECK(b.info().master == group.servers.endpoint(1));
  group.servers.drop(2);
  CHECK(b.run(Step::promote) == step_done);
  CHECK(b.info().role == Role::master);
}

TEST_CASE("mysql steps real: a MySQL server under a read lock is not promoted") {
  promote_a_locked_server("mysql", 14, {"FLUSH TABLES WITH READ LOCK"});
}
TEST_CASE("mysql steps real: a MariaDB server under a read lock is not promoted") {
  promote_a_locked_server("mariadb", 15, {"FLUSH TABLES WITH READ LOCK"});
}
TEST_CASE("mysql steps real: a MariaDB server in a backup is not promoted") {
  promote_a_locked_server("mariadb", 16, {"BACKUP STAGE START", "BACKUP STAGE BLOCK_COMMIT"});
}

}  // namespace
}  // namespace sengu::health::mysql
