// The probe of a Redis node against a scripted server: each case plays one way in which a server can behave.
#include <doctest/doctest.h>

#include "health/redis/node.hpp"
#include "tests/support/fake_server.hpp"

namespace sengu::health::redis {
namespace {

using namespace std::chrono_literals;
using test::FakeServer;
using test::run_until;

std::string bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }

std::string info_answer(const std::string& run_id = "r1") {
  return bulk("run_id:" + run_id + "\r\nredis_version:7.0.15\r\n") + bulk("role:master\r\nmaster_repl_offset:42\r\n") +
         bulk("loading:0\r\n") + bulk("db0:keys=3,expires=0\r\n");
}

std::string repeat(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

/// A server, a probe of it, and everything the probe said.
struct Bench {
  boost::asio::io_context io;
  FakeServer server{io};
  std::vector<Observation> seen;
  int lost = 0;
  std::vector<std::string> order;
  RedisNode probe;

  explicit Bench(Credentials credentials = {}, Milliseconds timeout = 1s)
      : probe(io, {server.endpoint(), std::move(credentials), timeout},
              {[this](const Observation& o) {
                 seen.push_back(o);
                 order.emplace_back("seen");
               },
               [this] {
                 ++lost;
                 order.emplace_back("lost");
               }}) {}

  bool observed(std::size_t count) {
    return run_until(io, [&] { return seen.size() >= count; }) && seen.size() == count;
  }
  /// The n-th connection (from 0) has asked for INFO `questions` times.
  FakeServer::Peer* asked(std::size_t n, std::size_t questions = 1) {
    const bool came =
        run_until(io, [&] { return server.peers.size() > n && count(server.peers[n]->received) >= questions; });
    REQUIRE(came);
    return server.peers[n].get();
  }
  static std::size_t count(const std::string& text) {
    std::size_t found = 0;
    for (auto at = text.find("keyspace"); at != std::string::npos; at = text.find("keyspace", at + 1)) ++found;
    return found;
  }
  void keep_connection() {
    probe.probe(ProbeVia::kept_connection);
    asked(0)->send(info_answer());
    REQUIRE(observed(1));
    REQUIRE(seen[0].outcome == Outcome::ok);
  }
  /// Leaves the kept connection with an overdue question and one observation, of the timeout.
  void be_overdue() {
    probe.probe(ProbeVia::kept_connection);
    asked(0);
    REQUIRE(observed(1));
    REQUIRE(seen[0].outcome == Outcome::l7_timeout);
  }
};

TEST_CASE("redis probe: a good answer, then the connection is used again") {
  Bench b;
  b.keep_connection();
  CHECK(b.seen[0].fresh_connection);
  REQUIRE(b.seen[0].info);
  CHECK(b.seen[0].info->offset == 42);
  CHECK(b.seen[0].info->keys == 3);
  CHECK(b.seen[0].asked <= b.seen[0].answered);
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(0, 2)->send(info_answer());
  REQUIRE(b.observed(2));
  CHECK_FALSE(b.seen[1].fresh_connection);
  CHECK(b.server.peers.size() == 1);
}

TEST_CASE("redis probe: a connection that is being made serves all who ask meanwhile") {
  Bench b;
  b.probe.probe(ProbeVia::kept_connection);
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(0)->send(info_answer());
  REQUIRE(b.observed(1));
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(0, 2)->send(info_answer());
  REQUIRE(b.observed(2));
  CHECK(b.server.peers.size() == 1);
}

TEST_CASE("redis probe: AUTH and SETNAME come first, once; an unneeded password and a refused name do no harm") {
  Bench b({"u", {"p"}, "sengu-a-b"});
  b.probe.probe(ProbeVia::kept_connection);
  auto* peer = b.asked(0);
  CHECK(
      peer->received.starts_with("*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n"));
  peer->send("-ERR AUTH <password> called without any password configured for the default user.\r\n-ERR no\r\n" +
             info_answer());
  REQUIRE(b.observed(1));
  CHECK(b.seen[0].outcome == Outcome::ok);
  peer->received.clear();
  b.probe.probe(ProbeVia::kept_connection);
  CHECK(b.asked(0)->received.find("AUTH") == std::string::npos);
}

TEST_CASE("redis probe: a name that came too early is told again") {
  Bench b({"", {}, "sengu-a-b"});
  b.probe.probe(ProbeVia::kept_connection);
  SUBCASE("busy") { b.asked(0)->send(repeat("-BUSY Redis is busy running a script.\r\n", 5)); }
  SUBCASE("loading") { b.asked(0)->send("-LOADING Redis is loading the dataset in memory\r\n" + info_answer()); }
  REQUIRE(b.observed(1));
  b.server.peers[0]->received.clear();
  b.probe.probe(ProbeVia::kept_connection);
  CHECK(b.asked(0)->received.find("SETNAME") != std::string::npos);
}

TEST_CASE("redis probe: NOAUTH and WRONGPASS are life; the password is tried again") {
  Bench b({"", {"p"}, ""});
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(0)->send("-WRONGPASS invalid\r\n" + repeat("-NOAUTH Authentication required.\r\n", 4));
  REQUIRE(b.observed(1));
  CHECK(b.seen[0].outcome == Outcome::noauth);
  CHECK(b.seen[0].text == "WRONGPASS invalid");
  b.server.peers[0]->received.clear();
  b.probe.probe(ProbeVia::kept_connection);
  auto* peer = b.asked(0);
  CHECK(peer->received.find("AUTH") != std::string::npos);
  peer->send("+OK\r\n" + info_answer());
  REQUIRE(b.observed(2));
  CHECK(b.seen[1].outcome == Outcome::ok);
}

TEST_CASE("redis probe: error replies by their first word") {
  const std::pair<const char*, Outcome> cases[]{{"LOADING Redis is loading", Outcome::loading},
                                                {"BUSY a script", Outcome::busy},
                                                {"MASTERDOWN Link", Outcome::masterdown},
                                                {"NOPERM this user", Outcome::noperm},
                                                {"MISCONF errors", Outcome::error}};
  for (const auto& [line, outcome] : cases) {
    Bench b;
    b.probe.probe(ProbeVia::kept_connection);
    b.asked(0)->send(repeat("-" + std::string(line) + "\r\n", 4));
    REQUIRE(b.observed(1));
    CHECK(b.seen[0].outcome == outcome);
    CHECK(b.seen[0].text == line);
  }
}

TEST_CASE("redis probe: loading:1 has an outcome of its own, with the INFO") {
  Bench b;
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(0)->send(bulk("run_id:a\r\n") + bulk("role:master\r\n") + bulk("loading:1\r\n") + bulk(""));
  REQUIRE(b.observed(1));
  CHECK(b.seen[0].outcome == Outcome::loading);
  CHECK(b.seen[0].info);
}

TEST_CASE("redis probe: max clients is an error line and a close, and is life") {
  Bench b({"", {}, "sengu-a-b"});
  b.probe.probe(ProbeVia::kept_connection);
  auto* peer = b.asked(0);
  peer->send("-ERR max number of clients reached\r\n");
  peer->close();
  REQUIRE(b.observed(1));
  CHECK(b.seen[0].outcome == Outcome::error);
  CHECK(b.seen[0].text == "ERR max number of clients reached");
  CHECK(b.lost == 0);
}

TEST_CASE("redis probe: refused") {
  Bench b;
  b.server.stop_listening();
  b.probe.probe(ProbeVia::kept_connection);
  REQUIRE(b.observed(1));
  CHECK(b.seen[0].outcome == Outcome::l4_refused);
  CHECK(b.seen[0].fresh_connection);
  CHECK(b.lost == 0);
}

TEST_CASE("redis probe: not an address is l4_error, and not from within probe()") {
  boost::asio::io_context io;
  std::vector<Observation> seen;
  RedisNode probe(io, {{"localhost", 1}, {}, 1s}, {[&](const Observation& o) { seen.push_back(o); }, [] {}});
  probe.probe(ProbeVia::kept_connection);
  CHECK(seen.empty());
  REQUIRE(run_until(io, [&] { return !seen.empty(); }));
  CHECK(seen[0].outcome == Outcome::l4_error);
}

TEST_CASE("redis probe: EOF and RST before the first reply are an observation, not a lost connection") {
  Bench b;
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(0)->close();
  REQUIRE(b.observed(1));
  b.probe.probe(ProbeVia::fresh_connection);
  b.asked(1)->reset();
  REQUIRE(b.observed(2));
  CHECK(b.seen[0].outcome == Outcome::l7_closed);
  CHECK(b.seen[1].outcome == Outcome::l7_closed);
  CHECK(b.lost == 0);
}

TEST_CASE("redis probe: the kept connection ends while idle") {
  Bench b;
  b.keep_connection();
  SUBCASE("EOF") { b.server.peers[0]->close(); }
  SUBCASE("RST") { b.server.peers[0]->reset(); }
  SUBCASE("talk that nobody asked for") { b.server.peers[0]->send("+HI\r\n"); }
  REQUIRE(run_until(b.io, [&] { return b.lost == 1; }));
  CHECK(b.seen.size() == 1);
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(1)->send(info_answer("r2"));
  REQUIRE(b.observed(2));
  CHECK(b.seen[1].fresh_connection);
  CHECK(b.lost == 1);
}

TEST_CASE("redis probe: the kept connection ends while asked: lost first, then l7_closed") {
  Bench b;
  b.keep_connection();
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(0, 2)->reset();
  REQUIRE(b.observed(2));
  CHECK(b.seen[1].outcome == Outcome::l7_closed);
  CHECK(b.order == std::vector<std::string>{"seen", "lost", "seen"});
}

TEST_CASE("redis probe: half a reply, then EOF") {
  Bench b;
  b.probe.probe(ProbeVia::kept_connection);
  auto* peer = b.asked(0);
  peer->send("$100\r\nrun_");
  peer->close();
  REQUIRE(b.observed(1));
  CHECK(b.seen[0].outcome == Outcome::l7_closed);
}

TEST_CASE("redis probe: garbage is invalid, and the connection is given up") {
  Bench b;
  b.probe.probe(ProbeVia::kept_connection);
  const char* texts[]{"HTTP/1.1 400 Bad Request\r\n", ":1\r\n:2\r\n:3\r\n:4\r\n"};
  SUBCASE("not RESP") { b.asked(0)->send(texts[0]); }
  SUBCASE("not texts") { b.asked(0)->send(texts[1]); }
  SUBCASE("no role") { b.asked(0)->send(repeat("$0\r\n\r\n", 4)); }
  SUBCASE("too much") { b.asked(0)->send(info_answer() + "+OK\r\n"); }
  REQUIRE(b.observed(1));
  CHECK(b.seen[0].outcome == Outcome::invalid);
  CHECK(run_until(b.io, [&] { return b.server.peers[0]->ended; }));
  CHECK(b.lost == 0);
}

TEST_CASE("redis probe: silence, then a late answer counts") {
  Bench b({}, 20ms);
  b.be_overdue();
  b.server.peers[0]->send(info_answer());
  REQUIRE(b.observed(2));
  CHECK(b.seen[1].outcome == Outcome::ok);
  CHECK(b.seen[1].asked == b.seen[0].asked);
  CHECK(b.seen[1].answered - b.seen[1].asked >= 20ms);
  CHECK(b.lost == 0);
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(0, 2)->send(info_answer());
  REQUIRE(b.observed(3));
  CHECK(b.server.peers.size() == 1);
}

TEST_CASE("redis probe: half a reply in time is life") {
  Bench b({}, 20ms);
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(0)->send("$100\r\nrun_");
  REQUIRE(b.observed(1));
  CHECK(b.seen[0].outcome == Outcome::error);
  CHECK(b.seen[0].text == "slow reply");
}

TEST_CASE("redis probe: overdue, a side connection answers and becomes the kept one") {
  Bench b({}, 50ms);
  b.be_overdue();
  b.probe.probe(ProbeVia::kept_connection);
  b.probe.probe(ProbeVia::kept_connection);  // the side attempt in flight serves this one too
  b.asked(1)->send(info_answer());
  REQUIRE(b.observed(2));
  CHECK(b.seen[1].outcome == Outcome::ok);
  CHECK(b.seen[1].fresh_connection);
  CHECK(run_until(b.io, [&] { return b.server.peers[0]->ended; }));
  CHECK(b.lost == 0);
  b.probe.probe(ProbeVia::kept_connection);
  b.asked(1, 2)->send(info_answer());
  REQUIRE(b.observed(3));
  CHECK(b.server.peers.size() == 2);
}

TEST_CASE("redis probe: overdue, the side connection is refused, the kept one is still heard") {
  Bench b({}, 20ms);
  b.be_overdue();
  b.server.stop_listening();
  b.probe.probe(ProbeVia::kept_connection);
  REQUIRE(b.observed(2));
  CHECK(b.seen[1].outcome == Outcome::l4_refused);
  SUBCASE("answer") {
    b.server.peers[0]->send(info_answer());
    REQUIRE(b.observed(3));
    CHECK(b.seen[2].outcome == Outcome::ok);
  }
  SUBCASE("end") {
    b.server.peers[0]->reset();
    REQUIRE(run_until(b.io, [&] { return b.lost == 1; }));
    CHECK(b.seen.size() == 2);
  }
}

TEST_CASE("redis probe: the side connection is silent too; the older one stays") {
  Bench b({}, 20ms);
  b.be_overdue();
  b.probe.probe(ProbeVia::kept_connection);
  REQUIRE(b.observed(2));
  CHECK(b.seen[1].outcome == Outcome::l7_timeout);
  b.server.peers[0]->send(info_answer());
  REQUIRE(b.observed(3));
  CHECK(b.seen[2].asked == b.seen[0].asked);
}

TEST_CASE("redis probe: a fresh probe replaces the kept connection where it is answered") {
  Bench b;
  b.keep_connection();
  b.probe.probe(ProbeVia::fresh_connection);
  b.asked(1)->send(info_answer());
  REQUIRE(b.observed(2));
  CHECK(b.seen[1].fresh_connection);
  CHECK(run_until(b.io, [&] { return b.server.peers[0]->ended; }));
  CHECK(b.lost == 0);
}

TEST_CASE("redis probe: a callback may ask again or close") {
  boost::asio::io_context io;
  FakeServer server(io);
  int count = 0;
  std::optional<RedisNode> probe;
  probe.emplace(io, NodeOptions{server.endpoint(), {}, 1s},
                ProbeCallbacks{[&](const Observation&) {
                                 if (++count < 3) return probe->probe(ProbeVia::kept_connection);
                                 probe->close();
                               },
                               [] {}});
  probe->probe(ProbeVia::kept_connection);
  for (std::size_t i = 1; i <= 3; ++i) {
    REQUIRE(run_until(io, [&] { return !server.peers.empty() && Bench::count(server.peers[0]->received) >= i; }));
    server.peers[0]->send(info_answer());
  }
  CHECK(run_until(io, [&] { return count == 3 && server.peers[0]->ended; }));
}

TEST_CASE("redis probe: destroyed in the middle of everything") {
  boost::asio::io_context io;
  FakeServer server(io);
  int calls = 0;
  {
    RedisNode probe(io, {server.endpoint(), {}, 1s}, {[&](const Observation&) { ++calls; }, [&] { ++calls; }});
    probe.probe(ProbeVia::kept_connection);
    probe.probe(ProbeVia::fresh_connection);
    io.poll();
  }
  run_until(io, [&] { return server.peers.size() == 2 && server.peers[0]->ended && server.peers[1]->ended; });
  CHECK(calls == 0);
}

}  // namespace
}  // namespace sengu::health::redis
