// What a session must not change about a TCP connection, many times over, for messages and for streams: ends, losses,
// urgent data. Through a whole data plane, whatever way the relay copies.
#include "tests/support/streams.hpp"

using namespace sengu;
using namespace sengu::test;

TEST_CASE("relay semantics: half-close from either side, the answer comes after the FIN") {
  Tunnel tunnel("127.77.6.1");
  for (int i = 0; i < 2 * times; ++i) {
    auto session = tunnel.connect();
    auto [from, to] = Ends(session, i);
    REQUIRE(from.send("request"));
    from.finish();
    REQUIRE(to.receive_all() == "request");
    REQUIRE(to.error() == 0);
    const std::string answer = Content::bytes(7, i % 4 < 2 ? 10 : small);
    REQUIRE(to.send(answer));
    to.finish();
    REQUIRE(from.receive_all() == answer);
    REQUIRE(from.error() == 0);
  }
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay semantics: half-close after a stream whose reader starts late, and an answer") {
  Tunnel tunnel("127.77.6.2");
  for (int i = 0; i < times; ++i) {
    auto session = tunnel.connect(8 * 1024);
    auto [from, to] = Ends(session, i);
    Stream stream(from, to, {1, 3'000'000});
    stream.push(5ms);
    REQUIRE(flow(stream));
    REQUIRE(stream.received() == 3'000'000);
    REQUIRE(stream.intact());
    REQUIRE(stream.error() == 0);
    REQUIRE(to.send("answer"));
    to.finish();
    REQUIRE(from.receive_all() == "answer");
    REQUIRE(from.error() == 0);
  }
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay semantics: a FIN from both sides in the middle of two streams") {
  Tunnel tunnel("127.77.6.3");
  for (int i = 0; i < times; ++i) {
    auto [client, backend] = tunnel.connect();
    Stream streams[]{{client, backend, {1, mebibyte + 17}}, {backend, client, {2, mebibyte + 1717}}};
    for (auto& stream : streams) stream.push(1ms);  // the kernels hold most of both; then both FINs at once
    REQUIRE(flow(streams));
    for (auto& stream : streams) {
      REQUIRE(stream.received() == stream.sent());
      REQUIRE(stream.intact());
      REQUIRE(stream.error() == 0);
    }
  }
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay semantics: what a parked client sent before there was a server") {
  Server server("127.77.6.4");
  Plane plane(one_group("127.77.6.4", {node(server.endpoint())}));
  plane.publish(held_route(1, 0, 1));
  std::vector<Connection> clients;
  std::vector<std::string> expected;
  for (int i = 0; i < times; ++i) {
    clients.push_back(plane.client());
    expected.push_back(Content::bytes(static_cast<std::uint64_t>(i), small));
    REQUIRE(clients.back().send(expected.back()));
  }
  REQUIRE(plane.until([&] { return plane.traffic().parked == static_cast<std::uint64_t>(times); }));
  plane.publish(open_route(1, 0, 1));
  std::vector<std::string> received;
  for (int i = 0; i < times; ++i) {
    auto backend = server.accept();
    received.push_back(backend.receive(small));
    REQUIRE(backend.send(received.back().substr(0, 8)));
    clients.push_back(std::move(backend));
  }
  for (int i = 0; i < times; ++i) {
    const auto at = static_cast<std::size_t>(i);
    CHECK(clients[at].receive(8) == expected[at].substr(0, 8));  // its own server's
  }
  std::sort(expected.begin(), expected.end());
  std::sort(received.begin(), received.end());
  CHECK((received == expected));
}

TEST_CASE("relay semantics: a client that streams from its connect on, then FIN") {
  Tunnel tunnel("127.77.6.5");
  for (int i = 0; i < times; ++i) {
    auto client = tunnel.plane.client();
    // One in four is longer than what the kernels take: its FIN comes while it is relayed.
    const std::uint64_t size = i % 4 == 0 ? 4 * mebibyte : 200'000;
    Stream stream(client, {3, size});
    stream.push(1ms);
    auto backend = tunnel.server.accept();
    stream.read_at(backend);
    REQUIRE(flow(stream));
    REQUIRE(stream.received() == size);
    REQUIRE(stream.intact());
    REQUIRE(stream.error() == 0);
    REQUIRE(backend.send("answer"));
    backend.finish();
    REQUIRE(client.receive_all() == "answer");
  }
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay semantics: the server speaks first, and may have said all there is") {
  Tunnel tunnel("127.77.6.6");
  for (int i = 0; i < times; ++i) {
    auto [client, backend] = tunnel.connect();
    const std::string greeting = Content::bytes(static_cast<std::uint64_t>(i), i % 2 == 0 ? 78 : small);
    REQUIRE(backend.send(greeting));
    if (i % 4 >= 2) {  // an error in place of the greeting
      backend.close();
      REQUIRE(client.receive_all() == greeting);
      REQUIRE(client.error() == 0);
      continue;
    }
    REQUIRE(client.receive(greeting.size()) == greeting);
    REQUIRE(client.send("login"));
    REQUIRE(backend.receive(5) == "login");
  }
}

TEST_CASE("relay semantics: an urgent byte is dropped, the stream around it goes on") {
  Tunnel tunnel("127.77.6.7");
  for (int i = 0; i < times; ++i) {
    auto session = tunnel.connect();
    auto [from, to] = Ends(session, i);
    REQUIRE(::send(from.fd(), "abc", 3, MSG_OOB) == 3);
    REQUIRE(from.send("def"));
    REQUIRE(to.receive(5) == "abdef");
    REQUIRE(to.send("ok"));
    REQUIRE(from.receive(2) == "ok");
    REQUIRE(::send(from.fd(), "!", 1, MSG_OOB) == 1);  // at the end of what there is
    REQUIRE(from.send("again"));
    REQUIRE(to.receive(5) == "again");
    from.finish();
    REQUIRE(to.receive_all().empty());
    REQUIRE(to.error() == 0);
  }
}

TEST_CASE("relay semantics: an urgent byte in the middle of a stream") {
  Tunnel tunnel("127.77.6.8");
  for (int i = 0; i < times / 5; ++i) {
    auto session = tunnel.connect();
    auto [from, to] = Ends(session, i);
    Stream stream(from, to, {4, 8 * mebibyte, StreamPlan::Ending::finish, mebibyte, 4 * mebibyte});
    if (i % 4 >= 2) stream.push(1ms);  // there is a queue before the urgent byte, or none
    REQUIRE(flow(stream));
    REQUIRE(stream.received() == 8 * mebibyte);
    REQUIRE(stream.intact());
    REQUIRE(stream.error() == 0);
  }
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay semantics: many streams at once, with readers of different speeds") {
  Tunnel tunnel("127.77.6.9");
  std::vector<std::pair<Connection, Connection>> sessions;
  for (int i = 0; i < 40; ++i) sessions.push_back(tunnel.connect(i % 3 == 0 ? 8 * 1024 : 0));
  std::vector<Stream> streams;
  std::uint64_t seed = 0;
  for (auto& [client, backend] : sessions) {
    const std::size_t speed = std::size_t{512} << (seed % 12);  // 512 B to 1 MiB per turn
    const std::uint64_t size = std::min<std::uint64_t>(speed * 400, 4 * mebibyte);
    streams.emplace_back(client, backend, StreamPlan{++seed, size, StreamPlan::Ending::finish, speed});
    streams.emplace_back(backend, client, StreamPlan{++seed, size, StreamPlan::Ending::finish, mebibyte / speed * 512});
  }
  REQUIRE(flow(streams));
  for (auto& stream : streams) {
    CHECK(stream.received() == stream.sent());
    CHECK(stream.intact());
    CHECK(stream.error() == 0);
  }
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay semantics: a GiB each way at once, with equal SHA-256") {
  Tunnel tunnel("127.77.6.10");
  auto [client, backend] = tunnel.connect();
  Stream streams[]{{client, backend, {5, gibibyte}}, {backend, client, {6, gibibyte}}};
  REQUIRE(flow(streams));
  for (auto& stream : streams) {
    CHECK(stream.received() == gibibyte);
    CHECK(stream.intact());
    CHECK(stream.error() == 0);
  }
  CHECK(tunnel.has_ended());
  CHECK(tunnel.plane.traffic().bytes_client_to_server == gibibyte);
  CHECK(tunnel.plane.traffic().bytes_server_to_client == gibibyte);
}
