// Probe and steps against the redis-server of this machine, or the one that tests/run --servers names; fails where
// there is none.
#include <doctest/doctest.h>

#include <stdlib.h>
#include <unistd.h>

#include "health/redis/node.hpp"
#include "tests/support/claimed_block.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/real_redis.hpp"

namespace sengu::health::redis {
namespace {

using namespace std::chrono_literals;
using test::RealRedis;
using test::run_until;

/// An address of its own for each test process, so that two of them at once do not meet.
std::string address(int last) { return test::claimed_block() + "." + std::to_string(last); }

struct Client {
  boost::asio::io_context& io;
  std::vector<Observation> seen;
  int lost = 0;
  RedisNode node;

  Client(boost::asio::io_context& context, const RealRedis& server, Milliseconds timeout = 500ms,
         Credentials credentials = {"", {}, client_name("test", "a group")})
      : io(context), node(context, {server.endpoint(), std::move(credentials), timeout},
                          {[this](const Observation& o) { seen.push_back(o); }, [this] { ++lost; }}) {}

  Observation probe(ProbeVia via = ProbeVia::kept_connection) {
    seen.clear();
    node.probe(via);
    REQUIRE(run_until(io, [&] { return !seen.empty(); }));
    return seen.front();
  }
  void wait_until_up() {
    REQUIRE(run_until(io, [&] { return probe().outcome == Outcome::ok; }));
  }
  std::pair<StepResult, std::string> run(Step step, Endpoint master = {}) {
    std::optional<std::pair<StepResult, std::string>> result;
    node.run({NodeId{0}, step, master, 1s, 500ms},
             [&](StepResult r, std::string text) { result.emplace(r, std::move(text)); });
    REQUIRE(run_until(io, [&] { return result.has_value(); }));
    return *result;
  }
};

TEST_CASE("redis real: the server is the one that was asked for, and its own version is the one that is seen") {
  boost::asio::io_context io;
  const RealRedis server(address(5));
  Client client(io, server);
  client.wait_until_up();
  const auto seen = client.probe();
  REQUIRE(seen.info);
  const char* asked = ::getenv("SENGU_REDIS_RELEASE");  // "valkey 9", from tests/CMakeLists.txt
  const std::string major = asked != nullptr ? std::string(asked).substr(std::string(asked).find(' ') + 1) : "7";
  CHECK(seen.info->version.substr(0, seen.info->version.find('.')) == major);
}

TEST_CASE("redis real: how it is set up is told with who else decides") {
  boost::asio::io_context io;
  const RealRedis server(address(6), "requirepass secret\nappendonly yes\nmin-replicas-to-write 3\n");
  Client client(io, server, 500ms, {"", Secret{"secret"}, client_name("test", "a group")});
  client.wait_until_up();
  std::optional<DecidersAnswer> told;
  client.node.ask_deciders(2s, Lane::patient, [&](DecidersAnswer answer) { told = std::move(answer); });
  REQUIRE(run_until(io, [&] { return told.has_value(); }));
  CHECK(told->names == std::vector<std::string>{});
  REQUIRE(told->settings);
  CHECK(told->settings->requires_password);
  CHECK_FALSE(told->settings->has_master_password);
  CHECK(told->settings->persists);
  CHECK(told->settings->min_replicas_to_write == 3);
}

RedisAbilities abilities_of(boost::asio::io_context& io, const RealRedis& server) {
  Client client(io, server);
  client.wait_until_up();
  std::optional<DecidersAnswer> told;
  client.node.ask_deciders(2s, Lane::patient, [&](DecidersAnswer answer) { told = std::move(answer); });
  REQUIRE(run_until(io, [&] { return told.has_value(); }));
  REQUIRE(told->abilities);
  REQUIRE(told->abilities->memory);
  CHECK(told->abilities->memory->used > 100'000);
  CHECK(client.probe().info->role == Role::master);  // nothing came of the questions
  return *told->abilities;
}

TEST_CASE("redis real: what may be done to it is told before it is done") {
  boost::asio::io_context io;
  SUBCASE("all") {
    const auto all = abilities_of(io, RealRedis(address(7), "maxmemory 3mb\nmaxmemory-policy allkeys-lru\n"));
    CHECK(all.replicaof_refused.empty());
    CHECK(all.kill_refused.empty());
    CHECK(all.memory->max == 3 * 1024 * 1024);
    CHECK(all.memory->evicts);
  }
  SUBCASE("renamed") {
    const auto renamed =
        abilities_of(io, RealRedis(address(8), "rename-command REPLICAOF \"\"\nrename-command CLIENT other\n"));
    CHECK(renamed.replicaof_refused.starts_with("ERR unknown command"));
    CHECK(renamed.kill_refused.starts_with("ERR unknown command"));
    CHECK_FALSE(renamed.memory->evicts);
  }
  SUBCASE("forbidden") {
    const auto forbidden =
        abilities_of(io, RealRedis(address(9), "user default on nopass ~* &* +@all -replicaof -client|kill\n"));
    CHECK(forbidden.replicaof_refused.starts_with("NOPERM "));
    CHECK(forbidden.kill_refused.starts_with("NOPERM "));
  }
}

TEST_CASE("redis real: a demotion that the server refuses as a transaction") {
  boost::asio::io_context io;
  std::string options;
  std::string text;
  SUBCASE("over its maxmemory: Redis 8 and Valkey carry it out") {
    options = "maxmemory 100kb\nmaxmemory-policy noeviction\n";
  }
  SUBCASE("without CLIENT") {
    options = "rename-command CLIENT other\n";
    text = "its clients were not cut: CLIENT KILL TYPE normal: ERR unknown command";
  }
  SUBCASE("without MULTI") { options = "rename-command MULTI \"\"\n"; }
  RealRedis one(address(10), options);
  RealRedis two(address(11));
  Client a(io, one);
  Client b(io, two);
  a.wait_until_up();
  b.wait_until_up();
  const auto [result, told] = a.run(Step::demote, two.endpoint());
  CHECK(result == StepResult::done);
  CHECK(told.starts_with(text));
  CHECK(told.empty() == text.empty());
  CHECK(run_until(io, [&] {
    auto o = a.probe();
    return o.info && o.info->role == Role::replica && o.info->link_up;
  }));
}

TEST_CASE("redis real: probe, freeze and continue, death") {
  boost::asio::io_context io;
  auto server = std::make_unique<RealRedis>(address(1));
  Client client(io, *server, 200ms);
  client.wait_until_up();
  const auto first = client.probe();
  REQUIRE(first.info);
  CHECK(first.info->role == Role::master);
  CHECK(first.info->run_id.size() == 40);
  CHECK_FALSE(first.fresh_connection);

  server->freeze();
  CHECK(client.probe().outcome == Outcome::l7_timeout);
  CHECK(client.probe().outcome == Outcome::l7_timeout);  // over a side connection
  client.seen.clear();
  server->thaw();
  REQUIRE(run_until(io, [&] { return !client.seen.empty(); }));
  CHECK(client.seen[0].outcome == Outcome::ok);
  CHECK(client.lost == 0);

  server.reset();
  REQUIRE(run_until(io, [&] { return client.lost == 1; }));
  CHECK(client.probe().outcome == Outcome::l4_refused);
  CHECK(client.run(Step::promote).first == StepResult::unreachable);
}

TEST_CASE("redis real: the steps") {
  boost::asio::io_context io;
  RealRedis one(address(2));
  RealRedis two(address(3));
  Client a(io, one);
  Client b(io, two);
  a.wait_until_up();
  b.wait_until_up();
  using Result = std::pair<StepResult, std::string>;
  const Result done{StepResult::done, {}};

  CHECK(b.run(Step::repoint, one.endpoint()) == done);
  CHECK(run_until(io, [&] {
    auto o = b.probe();
    return o.info && o.info->link_up;
  }));
  CHECK(b.probe().info->master == one.endpoint());
  CHECK(b.run(Step::rehandshake) == done);
  CHECK(a.run(Step::fence) == done);
  CHECK(a.run(Step::unfence) == done);
  CHECK(a.run(Step::fence) == done);
  CHECK(b.run(Step::promote) == done);
  CHECK(b.probe().info->role == Role::master);

  CHECK(a.run(Step::demote, two.endpoint()) == done);  // cuts the probe's connection too
  REQUIRE(run_until(io, [&] { return a.lost == 1; }));
  CHECK(run_until(io, [&] {
    auto o = a.probe();
    return o.info && o.info->role == Role::replica && o.info->link_up;
  }));
  CHECK(a.run(Step::promote) == done);
  CHECK(a.run(Step::demote_emptied, two.endpoint()) == done);
}

TEST_CASE("redis real: passwords") {
  boost::asio::io_context io;
  RealRedis server(address(4), "requirepass secret\n");
  Client good(io, server, 500ms, {"default", {"secret"}, "sengu-a-b"});
  Client bad(io, server, 500ms, {"", {"wrong"}, ""});
  Client none(io, server, 500ms, {});
  good.wait_until_up();
  CHECK(bad.probe().outcome == Outcome::noauth);
  CHECK(none.probe().outcome == Outcome::noauth);
  CHECK(good.run(Step::fence).first == StepResult::done);
  CHECK(bad.run(Step::fence).first == StepResult::failed);
  CHECK(bad.run(Step::fence).second.starts_with("AUTH: WRONGPASS"));
  CHECK(none.run(Step::promote).second.find("NOAUTH") != std::string::npos);
}

}  // namespace
}  // namespace sengu::health::redis
