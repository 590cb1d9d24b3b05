// The probe against servers that a test plays: silence in each phase, what goes over the wire, and that no thread is in
// the way of the control thread or outlives what it works for.
#include <doctest/doctest.h>

#include <poll.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/claimed_block.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/mysql_packets.hpp"
#include "tests/support/real_sql.hpp"
#include "tests/support/sql_node.hpp"

namespace sengu::health::mysql {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using config::Tls;
using test::claimed_block;
using test::FakeServer;
using test::mysql_greeting;
using test::RealSql;
using test::run_until;
using test::sql_options;
using test::SqlNode;
using Clock = std::chrono::steady_clock;

NodeOptions with_tls(const Endpoint& address, Tls mode, Milliseconds timeout = test::plenty) {
  auto options = sql_options(address, timeout);
  options.login.password = {"pass-in-clear"};
  options.login.tls.mode = mode;
  return options;
}

TEST_CASE("mysql probe: a server that is frozen in its TLS handshake holds up nobody") {
  boost::asio::io_context io;
  const RealSql other("mariadb", claimed_block(0), 1);
  SqlNode healthy(io, other.endpoint(1));
  REQUIRE(healthy.probe().outcome == Outcome::ok);
  FakeServer frozen(io);
  SqlNode node(io, with_tls(frozen.endpoint(), Tls::require, 300ms));
  node.node.probe(ProbeVia::kept_connection);
  REQUIRE(run_until(
      io, [&] { return frozen.peers.size() == 1; }, SqlNode::patience));
  frozen.peers[0]->send(mysql_greeting(test::mysql_tls, "caching_sha2_password"));
  REQUIRE(run_until(
      io, [&] { return frozen.peers[0]->received.size() > 36; }, SqlNode::patience));  // SSLRequest, ClientHello

  int answered = 0;  // a handshake that blocked the control thread would leave time for one
  for (const auto begin = Clock::now(); node.seen.empty() || Clock::now() < begin + 900ms; ++answered) {
    REQUIRE(healthy.probe().outcome == Outcome::ok);
  }
  CHECK(answered >= 5);
  CHECK(node.seen[0].outcome == Outcome::error);  // it greeted
  CHECK(node.seen[0].text == "slow reply");
  const auto closing = Clock::now();
  node.node.probe(ProbeVia::kept_connection);
  node.node.close();
  CHECK(Clock::now() - closing < Client::greeting_timeout / 2);
}

TEST_CASE("mysql probe: silence and ends before a greeting") {
  boost::asio::io_context io;
  FakeServer server(io);
  SqlNode node(io, sql_options(server.endpoint(), 100ms));
  const auto silent = node.probe();
  CHECK(silent.outcome == Outcome::l7_timeout);
  CHECK(silent.fresh_connection);
  CHECK(node.deciders().second == "not connected");
  CHECK(node.probe().outcome == Outcome::l7_timeout);
  CHECK(server.peers.size() == 1);
  CHECK(node.probe(ProbeVia::fresh_connection).outcome == Outcome::l7_timeout);
  CHECK(server.peers.size() == 2);  // each is waited for, not replaced (max_connect_errors)
  CHECK(node.lost == 0);

  SqlNode waiting(io, sql_options(server.endpoint(), 100ms));
  const auto asked = waiting.probe().asked;
  CHECK(waiting.probe().asked > asked);  // nothing new is sent: an answer is as old as the question
  waiting.seen.clear();
  waiting.node.probe(ProbeVia::kept_connection);
  server.peers[2]->send(test::mysql_packet(0, "\xff\x69\x04Host '10.0.0.1' is blocked"));
  REQUIRE(run_until(
      io, [&] { return !waiting.seen.empty(); }, SqlNode::patience));
  CHECK(waiting.seen[0].asked == asked);
  server.peers[0]->close();
  server.peers[1]->close();
  REQUIRE(run_until(
      io, [&] { return node.lost == 1; }, SqlNode::patience));

  SqlNode closed(io, sql_options(server.endpoint()));
  closed.node.probe(ProbeVia::kept_connection);
  REQUIRE(run_until(
      io, [&] { return server.peers.size() == 4; }, SqlNode::patience));
  server.peers[3]->close();
  REQUIRE(run_until(
      io, [&] { return !closed.seen.empty(); }, SqlNode::patience));
  CHECK(closed.seen[0].outcome == Outcome::l7_closed);
  CHECK(closed.lost == 0);

  SqlNode full(io, sql_options(server.endpoint()));
  full.node.probe(ProbeVia::kept_connection);
  REQUIRE(run_until(
      io, [&] { return server.peers.size() == 5; }, SqlNode::patience));
  server.peers[4]->send(test::mysql_packet(0, "\xff\x69\x04Host '10.0.0.1' is blocked"));
  REQUIRE(run_until(
      io, [&] { return !full.seen.empty(); }, SqlNode::patience));
  CHECK(full.seen[0].outcome == Outcome::error);
  CHECK(full.seen[0].text == "1129 Host '10.0.0.1' is blocked");

  SqlNode nonsense(io, sql_options(server.endpoint()));
  nonsense.node.probe(ProbeVia::kept_connection);
  REQUIRE(run_until(
      io, [&] { return server.peers.size() == 6; }, SqlNode::patience));
  server.peers[5]->send("-ERR unknown command\r\n");
  server.peers[5]->close();
  REQUIRE(run_until(
      io, [&] { return !nonsense.seen.empty(); }, SqlNode::patience));
  CHECK(is_life(nonsense.seen[0].outcome));

  server.stop_listening();
  CHECK(run_until(
      io, [&] { return node.probe().outcome == Outcome::l4_refused; },
      SqlNode::patience));  // the end of peers[1] may come first
  CHECK(node.run(Step::fence).first == StepResult::unreachable);
}

std::size_t threads_here() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task")) ++count;
  return count;
}

/// Its thread knows, and says so; the control thread asks before it hears. (A sengu that did so never asked this server
/// again.)
TEST_CASE("mysql probe: a question to a connection that has just ended is answered") {
  boost::asio::io_context io;
  const RealSql server("mariadb", claimed_block(6), 1);
  const auto before = threads_here();
  SqlNode node(io, server.endpoint(1));
  REQUIRE(node.probe().outcome == Outcome::ok);
  CHECK(threads_here() == before + 1);
  server.kill(1);
  for (const auto deadline = Clock::now() + SqlNode::patience; threads_here() != before;)
    REQUIRE(Clock::now() < deadline);
  CHECK(node.probe().outcome == Outcome::l7_closed);
  CHECK(node.lost == 1);
  CHECK(run_until(
      io, [&] { return node.probe().outcome == Outcome::l4_refused; }, SqlNode::patience));  // it is asked again
}

TEST_CASE("mysql probe: whoever is given up is cut off at once") {
  boost::asio::io_context io;
  FakeServer server(io);
  SqlNode node(io, sql_options(server.endpoint()));
  node.node.probe(ProbeVia::kept_connection);
  REQUIRE(run_until(
      io, [&] { return server.peers.size() == 1; }, SqlNode::patience));
  const auto begin = Clock::now();
  node.node.close();
  REQUIRE(run_until(
      io, [&] { return server.peers[0]->ended; }, SqlNode::patience));
  CHECK(Clock::now() - begin < Client::greeting_timeout / 2);

  SqlNode told(io, sql_options(server.endpoint()));
  CHECK(told.run(Step::promote, {}, 200ms) == SqlNode::Result{StepResult::unreachable, "no answer in time"});
  REQUIRE(run_until(
      io, [&] { return server.peers.size() == 2 && server.peers[1]->ended; }, SqlNode::patience));
}

/// A stall of this process, as far as a step knows: its control thread does not run.
void stall(Milliseconds time) { ::poll(nullptr, 0, static_cast<int>(time.count())); }

TEST_CASE("mysql probe: no statement of a step is sent after its deadline, nor after a stall") {
  boost::asio::io_context io;
  const RealSql server("mariadb", claimed_block(5), 1);
  SqlNode node(io, server.endpoint(1));
  REQUIRE(node.probe().outcome == Outcome::ok);
  struct Row {
    Milliseconds timeout;
    const char* text;
  };
  for (const Row& row : {Row{10s, "sengu itself was stalled"}, Row{500ms, "no answer in time"}}) {
    CAPTURE(row.text);
    server.freeze(1);
    std::string text;
    node.node.run({NodeId{0}, Step::fence, {}, row.timeout, {}}, [&](StepResult result, std::string why) {
      CHECK(result != StepResult::done);
      text = std::move(why);
    });
    stall(1300ms);
    server.thaw(1);  // it greets, and would be told
    stall(300ms);
    REQUIRE(run_until(
        io, [&] { return !text.empty(); }, SqlNode::patience));
    CHECK(text == row.text);
    CHECK_FALSE(node.info().read_only);
  }
}

TEST_CASE("mysql probe: without TLS nothing is sent where TLS is demanded") {
  boost::asio::io_context io;
  for (const auto mode : {Tls::require, Tls::verify}) {
    FakeServer server(io);
    SqlNode node(io, with_tls(server.endpoint(), mode));
    node.node.probe(ProbeVia::kept_connection);
    REQUIRE(run_until(
        io, [&] { return server.peers.size() == 1; }, SqlNode::patience));
    const auto greeting = mysql_greeting(0, "mysql_native_password");
    server.peers[0]->send(greeting.substr(0, 9));  // in pieces
    server.peers[0]->send(greeting.substr(9));
    REQUIRE(run_until(
        io, [&] { return !node.seen.empty() && server.peers[0]->ended; }, SqlNode::patience));
    CHECK(node.seen[0].outcome == Outcome::error);
    CHECK(node.seen[0].text ==
          "the server does not speak TLS, and tls = "s + (mode == Tls::verify ? "verify" : "require"));
    CHECK(server.peers[0]->received.empty());
    CHECK(node.lost == 0);
  }
}

/// What comes back after the server asks for the password in some way of its own.
std::string answer_to(const std::string& plugin, Outcome& outcome) {
  boost::asio::io_context io;
  FakeServer server(io);
  SqlNode node(io, with_tls(server.endpoint(), Tls::off));
  node.node.probe(ProbeVia::kept_connection);
  REQUIRE(run_until(
      io, [&] { return server.peers.size() == 1; }, SqlNode::patience));
  auto& peer = *server.peers[0];
  peer.send(mysql_greeting(0, "mysql_native_password"));
  REQUIRE(run_until(
      io, [&] { return peer.received.size() > 36; }, SqlNode::patience));
  peer.send(test::mysql_packet(2, "\xfe" + plugin + '\0' + "saltsaltsaltsaltsalt" + '\0'));
  const auto login = peer.received.size();
  REQUIRE(run_until(
      io, [&] { return !node.seen.empty() || peer.received.size() > login; }, SqlNode::patience));
  if (peer.received.size() > login) peer.send(test::mysql_error(4, 1045, "Access denied"));
  REQUIRE(run_until(
      io, [&] { return !node.seen.empty(); }, SqlNode::patience));
  outcome = node.seen[0].outcome;
  return peer.received;
}

TEST_CASE("mysql probe: the password never goes over the wire as it is") {
  for (const auto* plugin : {"mysql_clear_password", "dialog", "mysql_old_password"}) {
    CAPTURE(plugin);
    Outcome outcome{};
    CHECK(answer_to(plugin, outcome).find("pass-in-clear") == std::string::npos);
    CHECK(outcome == Outcome::noauth);
  }
  Outcome outcome{};
  CHECK(answer_to("mysql_native_password", outcome).find("pass-in-clear") == std::string::npos);
  CHECK(outcome == Outcome::noauth);
}

void use_tls(const std::string& flavour, int use) {
  boost::asio::io_context io;
  const auto ask = [&](const NodeOptions& options) {
    SqlNode node(io, options);
    const auto seen = node.probe();
    if (seen.outcome == Outcome::ok) CHECK(node.run(Step::unfence).first == StepResult::done);
    return seen;
  };
  const auto options = [](const RealSql& server, Tls mode, const std::string& ca = {}) {
    auto made = with_tls(server.endpoint(1), mode);
    made.login.password = {"monitor"};
    made.login.tls.ca_file = ca;
    return made;
  };
  {
    const RealSql server(flavour, claimed_block(use), 1, {"tls=verify"});
    for (const auto mode : {Tls::off, Tls::prefer, Tls::require})
      CHECK(ask(options(server, mode)).outcome == Outcome::ok);
    CHECK(ask(options(server, Tls::verify, server.ca_file())).outcome == Outcome::ok);
    const auto stranger = ask(options(server, Tls::verify));  // signed by nobody we know
    CHECK(stranger.outcome == Outcome::error);
    CHECK_MESSAGE(stranger.text.starts_with("2026 "), stranger.text);
    SqlNode node(io, options(server, Tls::require));
    for (int i = 0; i < 50; ++i) CHECK(node.probe().outcome == Outcome::ok);
    CHECK(node.lost == 0);  // nothing comes unasked over TLS 1.3
    server.kill(1);
    CHECK(run_until(
        io, [&] { return node.lost == 1; }, SqlNode::patience));
  }
  {
    const RealSql server(flavour, claimed_block(use), 1, {"tls=off"});
    for (const auto mode : {Tls::off, Tls::prefer}) CHECK(ask(options(server, mode)).outcome == Outcome::ok);
    for (const auto mode : {Tls::require, Tls::verify}) {
      const auto seen = ask(options(server, mode, "/etc/ssl/certs/ca-certificates.crt"));
      CHECK(seen.outcome == Outcome::error);
      CHECK(seen.text.starts_with("the server does not speak TLS"));
    }
  }
}

TEST_CASE("mysql probe: TLS with and without, MySQL") { use_tls("mysql", 1); }
TEST_CASE("mysql probe: TLS with and without, MariaDB") { use_tls("mariadb", 2); }

TEST_CASE("mysql probe: a certificate for another address is not this server's") {
  boost::asio::io_context io;
  const RealSql server("mariadb", claimed_block(3), 1,
                       {"tls=verify", "--bind-address=" + claimed_block(3) + ".11," + claimed_block(3) + ".77"});
  auto options = with_tls({claimed_block(3) + ".77", 3306}, Tls::verify);
  options.login.password = {"monitor"};
  options.login.tls.ca_file = server.ca_file();
  SqlNode node(io, options);
  const auto seen = node.probe();
  CHECK(seen.outcome == Outcome::error);
  CHECK_MESSAGE(seen.text.starts_with("2026 "), seen.text);
  options.login.tls.mode = Tls::require;
  SqlNode content(io, options);
  CHECK(content.probe().outcome == Outcome::ok);
}

TEST_CASE("mysql probe: threads start, are interrupted and end under load") {
  const RealSql server("mariadb", claimed_block(4), 1);
  for (int round = 0; round < 10; ++round) {
    boost::asio::io_context io;
    std::vector<std::unique_ptr<SqlNode>> nodes;
    int steps = 0;
    for (int i = 0; i < 8; ++i) {
      auto options = sql_options(server.endpoint(1), 50ms);
      if (i % 2 == 1) options.query = "SELECT SLEEP(0.2)";  // late
      nodes.push_back(std::make_unique<SqlNode>(io, options));
      auto& node = nodes.back()->node;
      node.probe(ProbeVia::kept_connection);
      node.run({NodeId{0}, Step::fence, {}, Milliseconds(1 + i), {}}, [&](StepResult, std::string) { ++steps; });
      node.run({NodeId{0}, Step::unfence, {}, 5s, {}}, [&](StepResult, std::string) { ++steps; });
    }
    REQUIRE(run_until(
        io,
        [&] {
          for (auto& one : nodes) {
            one->node.probe(ProbeVia::fresh_connection);
            one->node.ask_deciders(20ms, Lane::patient, [](const DecidersAnswer&) {});
          }
          return steps >= 12;
        },
        SqlNode::patience));
    for (std::size_t i = 0; i < nodes.size(); i += 2) nodes[i]->node.close();
    for (auto& one : nodes) one->node.run({NodeId{0}, Step::unfence, {}, 5s, {}}, [](StepResult, std::string) {});
    nodes.resize(4);
    io.run_for(1ms);
  }  // the io_context goes while threads still work for it
}

}  // namespace
}  // namespace sengu::health::mysql
