// The relay through a whole data plane on loopback: what is copied, spliced, counted, and made to wait. What it must
// not change about a connection is in relay_semantics_test.cpp and relay_loss_test.cpp.
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/support/loopback.hpp"

using namespace sengu;
using namespace sengu::test;

namespace {

/// A plane with one master, and one connected pair through it.
struct Pair {
  explicit Pair(const std::string& host, int client_receive_buffer = 0)
      : server(host), plane(one_group(host, {node(server.endpoint())})),
        client((open(), plane.client(client_receive_buffer))), backend(server.accept()) {}

  void open() { plane.publish(open_route(1, 0, 1)); }
  bool ends() {
    return plane.until([&] { return plane.data.sessions() == 0; });
  }

  Server server;
  Plane plane;
  Connection client;
  Connection backend;
};

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 12345;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

}  // namespace

TEST_CASE("relay: request and reply, and both are counted") {
  Pair pair("127.77.1.1");
  CHECK(pair.client.send("PING\r\n"));
  CHECK(pair.backend.receive(6) == "PING\r\n");
  CHECK(pair.backend.send("+PONG\r\n"));
  CHECK(pair.client.receive(7) == "+PONG\r\n");
  pair.client.close();
  CHECK(pair.backend.receive_all().empty());
  CHECK(pair.backend.error() == 0);
  pair.backend.close();
  REQUIRE(pair.ends());
  REQUIRE(pair.plane.until([&] { return pair.plane.records.size() == 1; }));
  CHECK(pair.plane.records[0].end == proxy::SessionEnd::finished);
  CHECK(pair.plane.records[0].bytes_from_client == 6);
  CHECK(pair.plane.records[0].bytes_from_server == 7);
  CHECK(pair.plane.records[0].node == health::NodeId(0));
  const auto traffic = pair.plane.traffic();
  CHECK(traffic.bytes_client_to_server == 6);
  CHECK(traffic.bytes_server_to_client == 7);
  CHECK(traffic.nodes[0].sessions == 0);
  CHECK(traffic.nodes[0].sessions_total == 1);
}

TEST_CASE("relay: bytes sent before the backend is connected, and a FIN once it is") {
  Server server("127.77.1.3");
  Plane plane(one_group("127.77.1.3", {node(server.endpoint())}));
  plane.publish(held_route(1, 0, 1));
  const std::string bytes = pattern(100'000);
  auto client = plane.client();
  CHECK(client.send(bytes));
  REQUIRE(plane.until([&] { return plane.traffic().parked == 1; }));
  plane.publish(open_route(1, 0, 1));
  auto backend = server.accept();
  client.finish();
  CHECK(backend.receive_all() == bytes);
  CHECK(backend.error() == 0);
  CHECK(backend.send("late reply"));
  backend.close();
  CHECK(client.receive_all() == "late reply");
  CHECK(client.error() == 0);
}

TEST_CASE("relay: a RST while the other side reads nothing ends the session within its bound") {
  Pair pair("127.77.1.8", 8 * 1024);
  pair.backend.push(64 << 20, 300ms);
  pair.backend.reset();
  CHECK(pair.plane.until([&] { return pair.plane.data.sessions() == 0; }, 5s));
}

TEST_CASE("relay: a client that is gone for good ends the session") {
  Pair pair("127.77.1.11");
  pair.client.close();
  CHECK(pair.backend.receive_all().empty());
  // The server still talks: our send makes the client's kernel answer with a RST.
  while (pair.backend.send("x") && pair.backend.readable(1ms) == false) continue;
  pair.backend.close();
  CHECK(pair.ends());
}

TEST_CASE("relay: stops for fairness with bytes left, and goes on without a new event") {
  int client[2], server[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, client) == 0);
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, server) == 0);
  Connection outside{Fd(client[0])};
  Connection behind{Fd(server[0])};
  proxy::Relay relay;
  relay.set(proxy::Peer::client, Fd(client[1]));
  relay.set(proxy::Peer::server, Fd(server[1]));
  proxy::GroupCounters counters(1);
  proxy::PipePool pipes(1);
  char buffer[16];
  const std::string bytes = pattern(1000);
  CHECK(outside.send(bytes));
  auto status = relay.ready(proxy::Peer::client, EPOLLIN, {buffer, counters, pipes});
  CHECK(status == proxy::Relay::Status::again);
  CHECK(relay.bytes_from(proxy::Peer::client) < bytes.size());
  for (int i = 0; i < 100 && status == proxy::Relay::Status::again; ++i)
    status = relay.resume({buffer, counters, pipes});
  CHECK(status == proxy::Relay::Status::running);
  CHECK(behind.receive(bytes.size()) == bytes);
}

TEST_CASE("relay: after its time no byte of the master passes, and none is lost") {
  Pair pair("127.77.1.20");
  CHECK(pair.client.send("PING\r\n"));
  CHECK(pair.backend.receive(6) == "PING\r\n");
  pair.plane.data.renew_lease(std::chrono::steady_clock::now() - std::chrono::milliseconds(1));
  pair.plane.publish(open_route(1, 0, 1));  // behind the one before: it is in force
  CHECK(pair.backend.send("+PONG\r\n"));
  CHECK(pair.client.send("PING\r\n"));
  CHECK_FALSE(pair.client.readable(50ms));
  CHECK_FALSE(pair.backend.readable(50ms));
  SUBCASE("the time is extended: all of it arrives") {
    pair.plane.data.renew_lease(std::chrono::steady_clock::now() + std::chrono::minutes(1));
    CHECK(pair.client.receive(7) == "+PONG\r\n");
    CHECK(pair.backend.receive(6) == "PING\r\n");
  }
  SUBCASE("another is the master: all of it is dropped") {
    pair.plane.publish(held_route(2, 0, 1));
    pair.plane.data.renew_lease(std::chrono::steady_clock::now() + std::chrono::minutes(1));
    CHECK(pair.client.receive_all().empty());
    CHECK(pair.client.error() == ECONNRESET);
    CHECK(pair.backend.receive_all().empty());
  }
}

TEST_CASE("relay: a suspended route passes nothing, and cuts nobody") {
  Pair pair("127.77.1.21");
  CHECK(pair.client.send("PING\r\n"));
  CHECK(pair.backend.receive(6) == "PING\r\n");
  auto suspended = held_route(1, 1, 1);
  suspended.suspended = true;
  pair.plane.publish(suspended);
  CHECK(pair.backend.send("hello"));
  CHECK_FALSE(pair.client.readable(50ms));
  pair.plane.publish(open_route(1, 0, 1));
  CHECK(pair.client.receive(5) == "hello");
}

TEST_CASE("relay: many megabytes go through a pipe, and back to copying for what is small") {
  Pair pair("127.77.1.22");
  const std::string reply = pattern(1'000'003);
  for (int i = 0; i < 32; ++i) {
    CHECK(pair.client.send("GET big"));
    CHECK(pair.backend.receive(7) == "GET big");
    std::thread sender([&] { pair.backend.send(reply); });
    CHECK((pair.client.receive(reply.size()) == reply));
    sender.join();
    CHECK(pair.backend.send("small"));
    CHECK(pair.client.receive(5) == "small");
  }
  CHECK(pair.plane.traffic().bytes_server_to_client == 32 * (reply.size() + 5));
}

TEST_CASE("relay: a long stream that pauses keeps nothing back, however little that is") {
  Pair pair("127.77.1.25");
  const std::string stream = pattern(24'000'000);
  for (int i = 0; i < 5; ++i) {
    std::thread sender([&] { pair.backend.send(stream); });
    CHECK((pair.client.receive(stream.size()) == stream));
    sender.join();
    for (int piece = 0; piece < 10; ++piece) {
      CHECK(pair.backend.send("x"));
      CHECK(pair.client.receive(1) == "x");
    }
  }
  CHECK(pair.client.send("GET"));
  CHECK(pair.backend.receive(3) == "GET");
}

TEST_CASE("relay: a stream that is spliced is held where its time has run out, and goes on or is dropped") {
  Pair pair("127.77.1.23", 64 * 1024);
  const std::string stream = pattern(24'000'000);
  std::thread sender([&] { pair.backend.send(stream), pair.backend.finish(); });
  std::string received = pair.client.receive(4'000'000);
  pair.plane.data.renew_lease(std::chrono::steady_clock::now() - std::chrono::milliseconds(1));
  pair.plane.publish(open_route(1, 0, 1));  // behind the one before: it is in force
  // What had left sengu by then may arrive, nothing more.
  std::string block(64 * 1024, '\0');
  while (pair.client.readable(50ms)) {
    const auto count = ::recv(pair.client.fd(), block.data(), block.size(), MSG_DONTWAIT);
    REQUIRE(count > 0);
    received.append(block, 0, static_cast<std::size_t>(count));
  }
  REQUIRE(received.size() < stream.size());
  SUBCASE("the time is extended: all of it arrives") {
    pair.plane.data.renew_lease(std::chrono::steady_clock::now() + std::chrono::minutes(1));
    received += pair.client.receive_all();
    CHECK((received == stream));
    CHECK(pair.client.error() == 0);
  }
  SUBCASE("another is the master: all of it is dropped") {
    pair.plane.publish(held_route(2, 0, 1));
    CHECK(pair.client.receive_all().empty());
    CHECK(pair.client.error() == ECONNRESET);
  }
  sender.join();
}

TEST_CASE("relay: no pipe is to be had: copied") {
  proxy::PipePool none(0);
  CHECK_FALSE(none.borrow());
  proxy::PipePool one(1);
  auto pipe = one.borrow();
  REQUIRE(pipe);
  CHECK(pipe->capacity >= proxy::PipePool::least);
  CHECK_FALSE(one.borrow());
  SUBCASE("an empty one is lent again") {
    const int fd = pipe->read_end.get();
    pipe.reset();
    CHECK(one.borrow()->read_end.get() == fd);
  }
  SUBCASE("one with bytes in it never is") {
    REQUIRE(::write(pipe->write_end.get(), "old", 3) == 3);
    pipe->filled = 3;
    pipe.reset();
    const auto next = one.borrow();
    REQUIRE(next);
    char byte = 0;
    CHECK(::read(next->read_end.get(), &byte, 1) == -1);
    CHECK(errno == EAGAIN);
  }
}

TEST_CASE("relay: what follows an urgent byte arrives, also where the FIN came with it") {
  const std::string stream = pattern(2'000'000);
  for (int i = 0; i < 100; ++i) {
    Pair pair("127.77.1.24");
    CHECK(pair.backend.send("hello"));
    CHECK(pair.client.receive(5) == "hello");
    std::thread sender([&] {
      pair.backend.send(stream);
      ::send(pair.backend.fd(), "u", 1, MSG_OOB | MSG_NOSIGNAL);
      pair.backend.send("the tail");
      pair.backend.finish();
    });
    CHECK((pair.client.receive_all() == stream + "the tail"));
    CHECK(pair.client.error() == 0);
    sender.join();
  }
}
