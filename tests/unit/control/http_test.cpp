// The HTTP and the admin port over real loopback sockets, port 0. The server has its thread; the test is a blocking
// client with deadlines.
#include "proxy/http/server.hpp"

#include <thread>

#include <arpa/inet.h>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>
#include <future>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/admin/server.hpp"
#include "tests/support/contains.hpp"
#include "tests/support/fake_operations.hpp"

using namespace sengu;
using namespace sengu::proxy;
using namespace std::chrono_literals;

namespace {

class Client {
 public:
  explicit Client(const Endpoint& endpoint) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    ::inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) { REQUIRE(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0); }
  /// Reads until `part` is there; it must come, with no more than ten seconds of silence before it. all(): until the
  /// server closes.
  std::string until(std::string_view part) {
    while (part.empty() || text_.find(part) == std::string::npos) {
      char buffer[4096];
      const auto size = ::recv(socket_, buffer, sizeof buffer, 0);
      if (size <= 0) break;
      text_.append(buffer, static_cast<std::size_t>(size));
    }
    CHECK_MESSAGE(text_.find(part) != std::string::npos, "no '" << part << "' in: " << text_);
    return std::exchange(text_, {});
  }
  std::string all() { return until(""); }
  /// Closed by the server, without a word, within ten seconds.
  bool ends() {
    char byte;
    return ::recv(socket_, &byte, 1, 0) == 0;
  }

 private:
  int socket_;
  std::string text_;
};

/// Both servers on a thread of their own; `on_control` runs something there and waits.
struct Running {
  explicit Running(AdminBounds limits = {}) : bounds(limits) {}
  const AdminBounds bounds;
  boost::asio::io_context context{1};
  test::FakeOperations operations;
  AdminServer admin{context, operations, bounds};
  HttpServer http{context, operations};
  std::thread thread{[this] { context.run(); }};

  ~Running() {
    on_control([this] { admin.stop(), http.stop(); });
    context.stop();
    thread.join();
  }
  template <class Action>
  void on_control(Action action) {
    std::promise<void> done;
    boost::asio::post(context, [&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }
  std::string get(const std::string& target, const std::string& method = "GET", const std::string& more = "") {
    Client client(http.bound());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + more + "\r\n");
    return client.all();
  }
};

using test::contains;

}  // namespace

TEST_CASE("http: every path") {
  Running sengu;
  CHECK(contains(sengu.get("/healthz"), "200 OK"));
  const auto metrics = sengu.get("/metrics");
  CHECK(contains(metrics, "Content-Type: text/plain; version=0.0.4"));
  CHECK(contains(metrics, "sengu_group_master_up{group=\"sessions\"} 1"));
  CHECK(contains(sengu.get("/api/v1/groups"), R"("version":1,"proxy":"proxy-a")"));
  CHECK(contains(sengu.get("/readyz"), "200 OK"));
  CHECK(contains(sengu.get("/readyz?group=sessions"), "200 OK"));
  const auto closed = sengu.get("/readyz?group=carts");
  CHECK(contains(closed, "503"));
  CHECK(contains(closed, "two_masters"));
  CHECK(contains(sengu.get("/readyz?x=1&group=session%20"), "did you mean 'sessions'"));
  sengu.on_control([&] { sengu.operations.ready = {false, "stopping"}; });
  CHECK(contains(sengu.get("/readyz"), "503"));
  const auto page = sengu.get("/");
  CHECK(contains(page, "Content-Security-Policy"));
  CHECK(contains(page, "api/v1/groups"));
  CHECK_FALSE(contains(page, "http://"));
  CHECK(contains(sengu.get("/nothing"), "404"));
}

TEST_CASE("http: methods, HEAD, limits, bad bytes") {
  Running sengu;
  CHECK(contains(sengu.get("/metrics", "POST", "Content-Length: 5\r\n"), "405"));
  CHECK(contains(sengu.get("/metrics", "DELETE"), "Allow: GET, HEAD"));
  const auto head = sengu.get("/api/v1/groups", "HEAD");
  CHECK(contains(head, "200 OK"));
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(contains(sengu.get("/", "GET", "Content-Length: 100000\r\n"), "413"));
  CHECK(contains(sengu.get("/", "GET", "X: " + std::string(10000, 'x') + "\r\n"), "431"));
  Client garbage(sengu.http.bound());
  garbage.send("\x16\x03\x01 hello\r\n\r\n");
  CHECK(contains(garbage.all(), "400"));
  CHECK(contains(sengu.get("/healthz"), "200 OK"));
}

TEST_CASE("http: keep-alive, pipelined") {
  Running sengu;
  Client client(sengu.http.bound());
  client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(contains(client.until("process_threads "), "sengu_build_info"));
  client.send("GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(contains(client.all(), "404"));
}

TEST_CASE("http: events, and following them") {
  Running sengu;
  sengu.on_control([&] {
    sengu.operations.happen(health::EventKind::held, "first");
    sengu.operations.happen(health::EventKind::held, "second");
  });
  const auto known = sengu.get("/api/v1/events?after=1");
  CHECK(contains(known, "second"));
  CHECK_FALSE(contains(known, "first"));
  CHECK(contains(sengu.get("/api/v1/events?after=x"), "400"));
  Client client(sengu.http.bound());
  client.send("GET /api/v1/events?follow=1&after=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(contains(client.until("second"), "text/event-stream"));
  sengu.on_control([&] { sengu.operations.happen(health::EventKind::held_end, "third"); });
  CHECK(contains(client.until("third"), "id: 3\nevent: -held\ndata: {"));
}

TEST_CASE("admin server: pipelined, protocol errors, QUIT") {
  Running sengu;
  Client client(sengu.admin.bound());
  client.send("PING\r\n*1\r\n$4\r\nPING\r\nHELLO 3\r\nFAILOVER sessions\r\nQUIT\r\nPING\r\n");
  const auto text = client.all();
  CHECK(text.starts_with("+PONG\r\n+PONG\r\n%6\r\n"));
  CHECK(text.ends_with("+OK redis02 is master\r\n+OK\r\n"));
  Client wrong(sengu.admin.bound());
  wrong.send("PING\r\n*1\r\n!\r\n");
  CHECK(wrong.all() == "+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
}

TEST_CASE("admin server: EVENTS FOLLOW streams, and ends with its client") {
  Running sengu;
  sengu.on_control([&] { sengu.operations.happen(health::EventKind::held, "first"); });
  {
    Client client(sengu.admin.bound());
    client.send("EVENTS FOLLOW JSON\r\n");
    CHECK(contains(client.until("first"), "\"id\":1"));
    sengu.on_control([&] { sengu.operations.happen(health::EventKind::held_end, "second"); });
    CHECK(contains(client.until("second"), "\"id\":2"));
    client.send("x");
    client.all();
  }
  Client again(sengu.admin.bound());
  again.send("EVENTS FOLLOW\r\n");
  CHECK(contains(again.until("second"), "-held"));
  sengu.on_control([&] { sengu.admin.stop(); });
  again.all();
}

TEST_CASE("admin server: a client too many is told so") {
  Running sengu({3, 10s});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(sengu.admin.bound()));
    clients.back()->send("PING\r\n");
    CHECK(clients.back()->until("PONG") == "+PONG\r\n");
  }
  Client late(sengu.admin.bound());
  CHECK(late.all() == "-ERR max number of clients reached\r\n");
}

TEST_CASE("admin server: the last places are for this host") {
  const auto ip = [](const char* text) { return boost::asio::ip::make_address(text); };
  CHECK(admin_places(ip("127.0.0.1"), ip("127.0.0.1"), 128) == 128);
  CHECK(admin_places(ip("127.0.0.2"), ip("127.9.9.9"), 128) == 128);
  CHECK(admin_places(ip("::ffff:127.0.0.1"), ip("::ffff:127.0.0.1"), 128) == 128);
  CHECK(admin_places(ip("10.0.0.1"), ip("10.0.0.1"), 128) == 128);  // its own address
  CHECK(admin_places(ip("10.0.0.2"), ip("10.0.0.1"), 128) == 120);
  CHECK(admin_places(ip("::ffff:10.0.0.2"), ip("::ffff:10.0.0.1"), 128) == 120);
  CHECK(admin_places(ip("10.0.0.2"), ip("10.0.0.1"), 5) == 4);
}

TEST_CASE("admin server: who asks nothing is closed, who asked once may be silent") {
  Running sengu({128, 200ms});
  Client silent(sengu.admin.bound());
  Client dribbling(sengu.admin.bound());
  dribbling.send("PIN");
  Client asked(sengu.admin.bound());
  asked.send("PING\r\n");
  CHECK(asked.until("PONG") == "+PONG\r\n");
  sengu.on_control([&] { sengu.operations.happen(health::EventKind::held, "before"); });
  Client following(sengu.admin.bound());
  following.send("EVENTS FOLLOW\r\n");
  following.until("before");
  CHECK(silent.ends());
  CHECK(dribbling.ends());
  CHECK(Client(sengu.admin.bound()).ends());  // the two others are silent for twice the patience by now
  asked.send("PING\r\n");
  CHECK(asked.until("PONG") == "+PONG\r\n");
  sengu.on_control([&] { sengu.operations.happen(health::EventKind::held, "first"); });
  CHECK(contains(following.until("first"), "+held"));
}

TEST_CASE("admin server: where everything needs AUTH, only a log-in makes a client one that may stay") {
  Running sengu({128, 200ms});
  sengu.on_control([&] {
    sengu.operations.all_settings.admin.password = {"secret"};
    sengu.operations.all_settings.admin.auth_required = config::AuthRequired::all;
  });
  Client stranger(sengu.admin.bound());
  stranger.send("STATUS\r\n");
  Client operating(sengu.admin.bound());
  operating.send("AUTH secret\r\n");
  CHECK(operating.until("+OK") == "+OK\r\n");
  CHECK(stranger.until("\r\n").starts_with("-NOAUTH"));
  CHECK(stranger.ends());
  CHECK(Client(sengu.admin.bound()).ends());
  operating.send("PING\r\n");
  CHECK(operating.until("PONG") == "+PONG\r\n");
}

TEST_CASE("admin server: who leaves its replies is closed") {
  Running sengu({128, 200ms});
  Client client(sengu.admin.bound());
  std::string questions;
  for (int i = 0; i < 10'000; ++i) questions += "HELP\r\n";
  client.send(questions);
  std::size_t clients = 1;
  for (int i = 0; i < 500 && clients != 0; ++i) {
    ::poll(nullptr, 0, 20);
    sengu.on_control([&] { clients = sengu.admin.clients(); });
  }
  CHECK(clients == 0);
}
