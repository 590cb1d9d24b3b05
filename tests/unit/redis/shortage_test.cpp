// What a Redis node does while this process has no place or no descriptor for another connection: it waits, and blames
// nobody.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "health/redis/node.hpp"
#include "tests/support/fake_server.hpp"

namespace sengu::health::redis {
namespace {

using namespace std::chrono_literals;
using test::FakeServer;
using test::run_until;

/// To INFO, section by section.
const std::string whole_answer = "$9\r\nrun_id:r1\r\n$11\r\nrole:master\r\n$9\r\nloading:0\r\n$10\r\ndb0:keys=3\r\n";

/// The n-th connection (from 0) has asked.
bool is_asked(const FakeServer& server, std::size_t n) {
  return server.peers.size() > n && server.peers[n]->received.find("keyspace") != std::string::npos;
}

/// No descriptor is left in this process until it ends.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);
    ::close(next);
    const rlimit none{static_cast<rlim_t>(next), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

void run_for(boost::asio::io_context& io, Milliseconds time) {
  const Time until = Time::clock::now() + time;
  run_until(io, [&] { return Time::clock::now() >= until; });
}

TEST_CASE("redis shortage: without a descriptor it tries again, and says nothing of the node") {
  boost::asio::io_context io;
  FakeServer server{io};
  std::vector<Observation> seen;
  int lost = 0;
  RedisNode node(io, {server.endpoint(), {}, 300ms},
                 {[&](const Observation& o) { seen.push_back(o); }, [&] { ++lost; }});
  {
    const NoDescriptors none;
    node.probe(ProbeVia::kept_connection);
    run_for(io, 60ms);
    CHECK(seen.empty());
  }
  REQUIRE(run_until(io, [&] { return is_asked(server, 0); }));
  server.peers[0]->send(whole_answer);
  REQUIRE(run_until(io, [&] { return seen.size() == 1; }));
  CHECK(seen[0].outcome == Outcome::ok);
  server.peers[0]->reset();
  REQUIRE(run_until(io, [&] { return lost == 1; }));
  const NoDescriptors none;
  node.probe(ProbeVia::kept_connection);
  REQUIRE(run_until(io, [&] { return seen.size() == 2; }));
  CHECK(seen[1].outcome == Outcome::shortage);
  CHECK(seen[1].answered - seen[1].asked >= 300ms);
}

TEST_CASE("redis shortage: a side connection waits for its place, the kept one needs none") {
  Places places(1, 1);
  Places::Place taken;
  places.wait(Lane::urgent, [&](Places::Place place) { taken = std::move(place); });
  boost::asio::io_context io;
  FakeServer server{io};
  std::vector<Outcome> seen;
  RedisNode node(io, {server.endpoint(), {}, 200ms, places},
                 {[&](const Observation& o) { seen.push_back(o.outcome); }, [] {}});
  node.probe(ProbeVia::kept_connection);
  REQUIRE(run_until(io, [&] { return seen == std::vector{Outcome::l7_timeout}; }));  // connected, and nobody answers
  node.probe(ProbeVia::kept_connection);
  REQUIRE(run_until(io, [&] { return seen.size() == 2; }));
  CHECK(seen[1] == Outcome::shortage);
  CHECK(server.peers.size() == 1);
  node.probe(ProbeVia::kept_connection);
  taken.give_back();
  REQUIRE(run_until(io, [&] { return is_asked(server, 1); }));
  CHECK(places.taken() == 1);
  server.peers[1]->send(whole_answer);
  REQUIRE(run_until(io, [&] { return seen.size() == 3; }));
  CHECK(seen[2] == Outcome::ok);
  CHECK(places.taken() == 0);  // it is the kept one now
}

TEST_CASE("redis shortage: a step waits for its place, and is not sent once its time is over") {
  Places places(1, 1);
  Places::Place taken;
  const auto take = [&] { places.wait(Lane::urgent, [&](Places::Place place) { taken = std::move(place); }); };
  boost::asio::io_context io;
  FakeServer server{io};
  RedisNode node(io, {server.endpoint(), {}, 200ms, places}, {[](const Observation&) {}, [] {}});
  std::optional<StepResult> result;
  const auto run = [&](Milliseconds timeout) {
    result.reset();
    node.run({NodeId{0}, Step::unfence, {}, timeout}, [&](StepResult r, const std::string&) { result = r; });
  };
  take();
  run(2s);
  run_for(io, 20ms);
  CHECK_FALSE(result);
  CHECK(server.peers.empty());
  taken.give_back();
  REQUIRE(
      run_until(io, [&] { return server.peers.size() == 1 && server.peers[0]->received.ends_with("UNPAUSE\r\n"); }));
  server.peers[0]->send("+OK\r\n");
  REQUIRE(run_until(io, [&] { return result.has_value(); }));
  CHECK(*result == StepResult::done);
  take();
  run(20ms);
  run_for(io, 40ms);
  taken.give_back();
  REQUIRE(run_until(io, [&] { return result.has_value(); }));
  CHECK(*result == StepResult::unreachable);
  CHECK(server.peers.size() == 1);
  CHECK(places.taken() == 0);
}

TEST_CASE("redis shortage: a patient question waits without its time running out, unless a failover begins") {
  Places places(2, 1);
  std::vector<Places::Place> taken;
  places.wait(Lane::patient, [&](Places::Place place) { taken.push_back(std::move(place)); });
  boost::asio::io_context io;
  FakeServer server{io};
  RedisNode node(io, {server.endpoint(), {}, 200ms, places}, {[](const Observation&) {}, [] {}});
  std::optional<DecidersAnswer> told;
  node.ask_deciders(50ms, Lane::patient, [&](DecidersAnswer answer) { told = std::move(answer); });
  run_for(io, 80ms);
  CHECK_FALSE(told);
  CHECK(server.peers.empty());
  node.hurry();
  REQUIRE(run_until(
      io, [&] { return server.peers.size() == 1 && server.peers[0]->received.find("LIST") != std::string::npos; }));
  server.peers[0]->close();
  REQUIRE(run_until(io, [&] { return told.has_value(); }));
  CHECK(told->text.find("connection closed") != std::string::npos);
}

TEST_CASE("redis shortage: a step without a descriptor tries again within its time") {
  boost::asio::io_context io;
  FakeServer server{io};
  RedisNode node(io, {server.endpoint(), {}, 200ms}, {[](const Observation&) {}, [] {}});
  std::optional<StepResult> result;
  const auto run = [&](Milliseconds timeout) {
    result.reset();
    node.run({NodeId{0}, Step::unfence, {}, timeout}, [&](StepResult r, const std::string&) { result = r; });
  };
  {
    const NoDescriptors none;
    run(100ms);
    REQUIRE(run_until(io, [&] { return result.has_value(); }));
    CHECK(*result == StepResult::unreachable);
    run(2s);
    run_for(io, 60ms);
    CHECK_FALSE(result);
  }
  REQUIRE(
      run_until(io, [&] { return server.peers.size() == 1 && server.peers[0]->received.ends_with("UNPAUSE\r\n"); }));
  server.peers[0]->send("+OK\r\n");
  REQUIRE(run_until(io, [&] { return result.has_value(); }));
  CHECK(*result == StepResult::done);
}

}  // namespace
}  // namespace sengu::health::redis
