// TLS to real servers, and to scripted ones where a server must do what no Redis does. Needs redis-server and openssl.
#include <doctest/doctest.h>

#include <poll.h>
#include <unistd.h>

#include <fstream>

#include "health/redis/node.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/claimed_block.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/real_redis.hpp"

namespace sengu::health::redis {
namespace {

using namespace std::chrono_literals;
using config::Tls;
using config::TlsPolicy;
using test::Certificates;
using test::FakeServer;
using test::RealRedis;
using test::run_until;

std::string tls_address(int last) { return test::claimed_block() + "." + std::to_string(last); }

/// One server as sengu sees it with that policy.
struct TlsClient {
  boost::asio::io_context& io;
  std::vector<Observation> seen;
  int lost = 0;
  RedisNode node;

  TlsClient(boost::asio::io_context& context, const Endpoint& server, const TlsPolicy& policy,
            Milliseconds timeout = 1s, const Secret& password = {})
      : io(context), node(context, {server, {"", password, "sengu-test-tls", net::load_tls(policy)}, timeout},
                          {[this](const Observation& o) { seen.push_back(o); }, [this] { ++lost; }}) {}

  Observation probe(ProbeVia via = ProbeVia::kept_connection) {
    seen.clear();
    node.probe(via);
    REQUIRE(run_until(
        io, [&] { return !seen.empty(); }, 10s));
    return seen.front();
  }
  void wait_until_up() {
    REQUIRE(run_until(
        io, [&] { return probe().outcome == Outcome::ok; }, 10s));
  }
  std::pair<StepResult, std::string> run(Step step, Endpoint master = {}, Milliseconds timeout = 2s) {
    std::optional<std::pair<StepResult, std::string>> result;
    node.run({NodeId{0}, step, master, timeout, 500ms},
             [&](StepResult r, std::string text) { result.emplace(r, std::move(text)); });
    REQUIRE(run_until(
        io, [&] { return result.has_value(); }, 10s));
    return *result;
  }
};

/// A server that was started a moment ago: one that does not listen yet is asked again.
Observation first_word(TlsClient& client) {
  Observation seen;
  REQUIRE(run_until(
      client.io, [&] { return (seen = client.probe()).outcome != Outcome::l4_refused; }, 10s));
  return seen;
}

void says(const std::string& text, const std::string& part) {
  CHECK_MESSAGE(text.find(part) != std::string::npos, text, " does not say: ", part);
}

TEST_CASE("redis tls: verify, with a client certificate: probe, steps, deciders, death") {
  boost::asio::io_context io;
  const Certificates files({tls_address(1), tls_address(2)});
  auto one = std::make_unique<RealRedis>(tls_address(1), files.redis_options("yes"));
  RealRedis two(tls_address(2), files.redis_options("yes"));
  TlsClient a(io, one->endpoint(), files.verify("client"));
  TlsClient b(io, two.endpoint(), files.verify("client"));
  a.wait_until_up();
  b.wait_until_up();
  CHECK(a.probe().info->role == Role::master);
  CHECK_FALSE(a.seen.front().fresh_connection);
  CHECK(a.probe(ProbeVia::fresh_connection).outcome == Outcome::ok);

  using Result = std::pair<StepResult, std::string>;
  const Result done{StepResult::done, {}};
  CHECK(b.run(Step::repoint, one->endpoint()) == done);
  CHECK(run_until(
      io,
      [&] {
        auto o = b.probe();
        return o.info && o.info->link_up;
      },
      20s));
  CHECK(a.run(Step::fence) == done);
  CHECK(b.run(Step::promote) == done);
  CHECK(a.run(Step::demote, two.endpoint()) == done);  // cuts the probe's connection
  REQUIRE(run_until(io, [&] { return a.lost == 1; }));
  CHECK(run_until(
      io,
      [&] {
        auto o = a.probe();
        return o.info && o.info->link_up;
      },
      20s));

  std::optional<std::vector<std::string>> deciders;
  a.node.ask_deciders(1s, Lane::patient, [&](DecidersAnswer answer) { deciders = std::move(answer.names); });
  REQUIRE(run_until(io, [&] { return deciders.has_value(); }));
  CHECK(deciders->empty());

  one.reset();
  REQUIRE(run_until(io, [&] { return a.lost == 2; }));  // while idle, at once
  CHECK(a.probe().outcome == Outcome::l4_refused);
  CHECK(a.run(Step::promote).first == StepResult::unreachable);
}

TEST_CASE("redis tls: each mode with a server that has TLS, and one that has not") {
  boost::asio::io_context io;
  const Certificates files({tls_address(3)});
  const RealRedis with(tls_address(3), files.redis_options("no") + "requirepass secret\n");
  const RealRedis without(tls_address(4), "requirepass secret\n");
  const Secret password{"secret"};
  for (const auto& policy : {Certificates::policy(Tls::prefer), Certificates::policy(Tls::require), files.verify("")}) {
    CAPTURE(static_cast<int>(policy.mode));
    TlsClient client(io, with.endpoint(), policy, 1s, password);
    client.wait_until_up();
    CHECK_FALSE(client.probe().fresh_connection);
    CHECK(client.run(Step::rehandshake).first == StepResult::done);
    client.node.close();
    TlsClient clear(io, without.endpoint(), policy, 1s, password);
    const auto seen = first_word(clear);
    const auto step = clear.run(Step::rehandshake);
    if (policy.mode == Tls::prefer) {
      CHECK(run_until(
          io, [&] { return clear.probe().outcome == Outcome::ok; }, 10s));
      CHECK_FALSE(clear.probe().fresh_connection);
      CHECK(step.first == StepResult::done);
      continue;
    }
    CHECK(seen.outcome == Outcome::error);
    says(seen.text, "the server does not speak TLS");
    CHECK(clear.lost == 0);
    CHECK(step.first == StepResult::unreachable);
    says(step.second, "the server does not speak TLS");
  }
  TlsClient off(io, with.endpoint(), Certificates::policy(Tls::off));
  const auto seen = first_word(off);  // an alert of TLS and a close, or only the close
  CHECK_FALSE(seen.info);
  CHECK((seen.outcome == Outcome::l7_closed || seen.outcome == Outcome::invalid));
}

TEST_CASE("redis tls: a certificate of another CA, or for another address, is a server that lives and is not used") {
  boost::asio::io_context io;
  const Certificates files({tls_address(5)});
  TlsPolicy policy = files.verify("");
  std::string reason;
  std::string where = tls_address(5);
  std::string who = "server";
  SUBCASE("another CA") {
    who = "other-server";
    reason = "certificate verify failed: unable to get local issuer certificate";
  }
  SUBCASE("not of the system's CAs") {
    policy.ca_file.clear();
    reason = "certificate verify failed: self-signed certificate in certificate chain";
  }
  SUBCASE("another address") {
    where = tls_address(6);
    reason = "certificate verify failed: IP address mismatch";
  }
  const RealRedis server(where, files.redis_options("no", who) + "requirepass secret\n");
  TlsClient client(io, server.endpoint(), policy, 1s, {"secret"});
  const auto seen = first_word(client);
  CHECK(seen.outcome == Outcome::error);
  says(seen.text, reason);
  const auto step = client.run(Step::promote);
  CHECK(step.first == StepResult::unreachable);
  says(step.second, reason);
  TlsClient unchecked(io, server.endpoint(), Certificates::policy(Tls::require), 1s, {"secret"});
  unchecked.wait_until_up();
}

TEST_CASE("redis tls: a client certificate that is missing, or of another CA, is told by the server, and is life") {
  boost::asio::io_context io;
  const Certificates files({tls_address(7)});
  std::string versions = "TLSv1.2";  // there the alert is part of the handshake, and later one of the first question
  std::string missing = "handshake failure";
  SUBCASE("TLS 1.2") {}
  SUBCASE("TLS 1.3") {
    versions = "TLSv1.3";
    missing = "certificate required";
  }
  const RealRedis server(tls_address(7), files.redis_options("yes") + "tls-protocols " + versions + "\n");
  const auto refused = [&](const TlsPolicy& policy, const std::string& reason) {
    TlsClient client(io, server.endpoint(), policy);
    const auto seen = first_word(client);
    CHECK(seen.outcome == Outcome::error);
    says(seen.text, reason);
    CHECK(client.lost == 0);
    const auto step = client.run(Step::promote);
    CHECK(step.first != StepResult::done);
    says(step.second, reason);
  };
  refused(files.verify(""), missing);
  refused(Certificates::policy(Tls::require), missing);
  refused(Certificates::policy(Tls::prefer), missing);  // it speaks TLS: no clear text
  refused(files.verify("other-client"), "unknown ca");
}

TEST_CASE("redis tls: frozen before the handshake: silence, then a late answer counts; frozen while idle as well") {
  boost::asio::io_context io;
  const Certificates files({tls_address(8)});
  RealRedis server(tls_address(8), files.redis_options("no"));
  TlsClient first(io, server.endpoint(), files.verify(""));
  first.wait_until_up();
  first.node.close();
  for (const auto& policy : {files.verify(""), Certificates::policy(Tls::prefer)}) {
    TlsClient client(io, server.endpoint(), policy, 100ms);
    server.freeze();
    CHECK(client.probe().outcome == Outcome::l7_timeout);
    CHECK(client.probe().outcome == Outcome::l7_timeout);  // over a side connection
    const auto step = client.run(Step::promote, {}, 100ms);
    CHECK(step.first == StepResult::unreachable);
    client.seen.clear();
    server.thaw();
    REQUIRE(run_until(
        io, [&] { return !client.seen.empty(); }, 10s));
    CHECK(client.seen[0].outcome == Outcome::ok);
    CHECK(client.seen[0].answered - client.seen[0].asked >= 100ms);
    CHECK(client.lost == 0);

    server.freeze();
    CHECK(client.probe().outcome == Outcome::l7_timeout);
    client.seen.clear();
    server.thaw();
    REQUIRE(run_until(
        io, [&] { return !client.seen.empty(); }, 10s));
    CHECK(client.seen[0].outcome == Outcome::ok);
  }
}

/// A scripted server in front of a real one with TLS: what the real one says goes on when, and as far as, the test
/// says.
struct Between {
  boost::asio::io_context& io;
  FakeServer front;
  boost::asio::ip::tcp::socket back;
  std::size_t passed = 0;  // of what the client said
  std::string answer;      // of the real server, not passed on yet

  Between(boost::asio::io_context& context, const Endpoint& server) : io(context), front(context), back(context) {
    back.connect({boost::asio::ip::make_address(server.host), server.port});
    back.non_blocking(true);
  }
  FakeServer::Peer& peer() { return *front.peers.at(0); }
  /// Everything that was said so far, in both directions; until the real server has answered.
  bool has_answered() {
    return run_until(io, [&] {
      if (front.peers.empty()) return false;
      boost::asio::write(back, boost::asio::buffer(peer().received.substr(passed)));
      passed = peer().received.size();
      char bytes[8192];
      boost::system::error_code error;
      answer.append(bytes, back.read_some(boost::asio::buffer(bytes), error));
      return !answer.empty();
    });
  }
};

TEST_CASE("redis tls: half a handshake in time is life") {
  boost::asio::io_context io;
  const Certificates files({tls_address(9)});
  const RealRedis server(tls_address(9), files.redis_options("no"));
  TlsClient real(io, server.endpoint(), Certificates::policy(Tls::require));
  real.wait_until_up();
  Between between(io, server.endpoint());
  TlsClient client(io, between.front.endpoint(), Certificates::policy(Tls::require), 500ms);
  client.node.probe(ProbeVia::kept_connection);
  REQUIRE(between.has_answered());
  between.peer().send(between.answer.substr(0, 100));
  REQUIRE(run_until(io, [&] { return !client.seen.empty(); }));
  CHECK(client.seen[0].outcome == Outcome::error);
  CHECK(client.seen[0].text == "slow reply");
}

TEST_CASE("redis tls: nothing is sent after the deadline, not even the rest of the handshake") {
  boost::asio::io_context io;
  const Certificates files({tls_address(10)});
  const RealRedis server(tls_address(10), files.redis_options("no"));
  TlsClient real(io, server.endpoint(), Certificates::policy(Tls::require));
  real.wait_until_up();
  Between between(io, server.endpoint());
  TlsClient client(io, between.front.endpoint(), Certificates::policy(Tls::require));
  std::optional<StepResult> result;
  client.node.run({NodeId{0}, Step::promote, {}, 300ms, 500ms}, [&](StepResult r, std::string) { result = r; });
  REQUIRE(between.has_answered());
  const auto hello = between.peer().received.size();
  between.peer().send(between.answer);
  SUBCASE("in time, as a proof that it would go on") {
    CHECK(run_until(io, [&] { return between.peer().received.size() > hello; }));
  }
  SUBCASE("stalled") {
    ::poll(nullptr, 0, 400);  // as if the process had been stopped: then everything is due at once
    REQUIRE(run_until(io, [&] { return result.has_value(); }));
    CHECK(*result == StepResult::unreachable);
    REQUIRE(run_until(io, [&] { return between.peer().ended; }));
    CHECK(between.peer().received.size() == hello);
  }
}

TEST_CASE("redis tls: closed in the handshake") {
  boost::asio::io_context io;
  FakeServer server(io);
  const auto closed_at_once = [&](Tls mode) {
    auto client = std::make_unique<TlsClient>(io, server.endpoint(), Certificates::policy(mode));
    client->node.probe(ProbeVia::kept_connection);
    const auto n = server.peers.size();
    REQUIRE(run_until(io, [&] { return server.peers.size() > n && !server.peers[n]->received.empty(); }));
    CHECK(server.peers[n]->received[0] == '\x16');
    server.peers[n]->close();
    return client;
  };
  SUBCASE("require: it accepts, so it lives") {
    const auto client = closed_at_once(Tls::require);
    REQUIRE(run_until(io, [&] { return !client->seen.empty(); }));
    CHECK(client->seen[0].outcome == Outcome::error);
    says(client->seen[0].text, "closed in the handshake");
    CHECK(client->lost == 0);
    CHECK(server.peers.size() == 1);
  }
  SUBCASE("prefer: once more in clear text, and with TLS again on the next connection") {
    const auto client = closed_at_once(Tls::prefer);
    REQUIRE(run_until(io, [&] { return server.peers.size() == 2 && !server.peers[1]->received.empty(); }));
    CHECK(server.peers[1]->received[0] == '*');
    SUBCASE("half an answer, then the end: as ever in clear text") {
      server.peers[1]->send("$100\r\nrun_");
      server.peers[1]->close();
      REQUIRE(run_until(io, [&] { return !client->seen.empty(); }));
      CHECK(client->seen[0].outcome == Outcome::l7_closed);
      return;
    }
    server.peers[1]->close();
    REQUIRE(run_until(io, [&] { return !client->seen.empty(); }));
    CHECK(client->seen[0].outcome == Outcome::error);
    client->node.probe(ProbeVia::kept_connection);
    REQUIRE(run_until(io, [&] { return server.peers.size() == 3 && !server.peers[2]->received.empty(); }));
    CHECK(server.peers[2]->received[0] == '\x16');
  }
  SUBCASE("prefer: nobody there for the second one") {
    const auto client = std::make_unique<TlsClient>(io, server.endpoint(), Certificates::policy(Tls::prefer));
    client->node.probe(ProbeVia::kept_connection);
    REQUIRE(run_until(io, [&] { return !server.peers.empty() && !server.peers[0]->received.empty(); }));
    server.stop_listening();
    server.peers[0]->reset();
    REQUIRE(run_until(io, [&] { return !client->seen.empty(); }));
    CHECK(client->seen[0].outcome == Outcome::l4_refused);
  }
}

TEST_CASE("redis tls: files of no use are told by key, name and reason") {
  const Certificates files({"127.0.0.1"});
  const auto problem = [](const TlsPolicy& policy) -> std::string {
    try {
      net::load_tls(policy);
    } catch (const net::TlsFileError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(net::load_tls(Certificates::policy(Tls::off)) == nullptr);
  CHECK(problem(files.verify("client")) == "");
  std::ofstream(files.file("text.pem")) << "no certificate\n";
  auto policy = files.verify("client");
  policy.ca_file = files.file("text.pem");
  says(problem(policy), "ca_file \"" + policy.ca_file + "\": ");
  policy = files.verify("client");
  policy.cert_file = files.file("text.pem");
  CHECK(problem(policy) == "cert_file \"" + policy.cert_file + "\": no start line");
  policy = files.verify("client");
  policy.key_file = files.file("other-client.key");
  CHECK(problem(policy) == "key_file \"" + policy.key_file + "\": key values mismatch");
  policy.key_file = files.file("locked.key");
  const auto lock = "openssl ec -aes128 -passout pass:secret -in " + files.file("client.key") + " -out " +
                    policy.key_file + " 2> /dev/null";
  REQUIRE(::system(lock.c_str()) == 0);
  CHECK(problem(policy) == "key_file \"" + policy.key_file + "\": it has a passphrase, and nobody can be asked for it");
}

}  // namespace
}  // namespace sengu::health::redis
