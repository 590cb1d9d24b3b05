// The data plane against its routing table: parking, cutting, refusing, placing, and the barrier.
#include "tests/support/loopback.hpp"

using namespace sengu;
using namespace sengu::test;
using health::NodeId;
using health::Reason;
using proxy::SessionEnd;

namespace {

/// A session through the plane in which both ends have heard each other.
std::pair<Connection, Connection> connected(Connection client, Server& server) {
  auto backend = server.accept();
  CHECK(backend.send("hi"));
  CHECK(client.receive(2) == "hi");
  return {std::move(client), std::move(backend)};
}

bool is_refusal(const std::string& text) { return text.starts_with("-ERR sengu: ") && text.ends_with("\r\n"); }

std::string pipelined(std::size_t commands) {
  std::string text;
  for (std::size_t i = 0; i < commands; ++i) text += "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
  return text;
}

}  // namespace

TEST_CASE("data plane: a parked client is released when the route opens") {
  Server server("127.77.2.1");
  Plane plane(one_group("127.77.2.1", {node(server.endpoint())}));
  plane.publish(held_route(1, 0, 1));
  std::vector<Connection> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(plane.client());
  REQUIRE(plane.until([&] { return plane.traffic().parked == 300; }));
  CHECK_FALSE(server.has_client(0ms));
  plane.publish(open_route(1, 0, 1));
  std::vector<Connection> backends;
  for (auto& client : clients) {
    backends.push_back(server.accept());
    CHECK(client.send("x"));
  }
  for (auto& backend : backends) CHECK(backend.receive(1) == "x");
  CHECK(plane.traffic().parked == 0);
  CHECK(plane.data.sessions() == 300);
}

TEST_CASE("data plane: parked for too long is refused, and hold_max bounds the number") {
  Server server("127.77.2.2");
  auto settings = one_group("127.77.2.2", {node(server.endpoint())});
  settings.groups[0].failover.hold_timeout = 150ms;
  settings.groups[0].failover.hold_max = 1;
  Plane plane(std::move(settings));
  plane.publish(held_route(1, 0, 1));
  auto first = plane.client();
  REQUIRE(plane.until([&] { return plane.traffic().parked == 1; }));
  auto second = plane.client();
  CHECK(is_refusal(second.receive_all()));
  CHECK(is_refusal(first.receive_all()));
  CHECK(first.error() == 0);
  auto refused = plane.traffic().refused;
  CHECK(refused[Reason::hold_full] == 1);
  CHECK(refused[Reason::hold_timeout] == 1);
  CHECK(plane.traffic().parked == 0);
}

TEST_CASE("data plane: a closed route refuses, and the answer reaches a pipelining client every time") {
  Server server("127.77.2.4");
  Plane plane(one_group("127.77.2.4", {node(server.endpoint())}));
  auto closed = held_route(1, 0, 1);
  closed.state = health::RouteState::closed;
  closed.reason = Reason::two_masters;
  plane.publish(closed);
  const std::string commands = pipelined(10'000);
  for (int i = 0; i < 50; ++i) {
    auto client = plane.client();
    // Write by write: a client whose write fails gives up and never reads the answer.
    for (std::size_t at = 0; at < 100'000; at += 2'000)
      REQUIRE(client.send(std::string_view(commands).substr(at, 2'000)));
    CHECK(is_refusal(client.receive_all()));
    CHECK(client.error() == 0);
  }
  CHECK(plane.traffic().refused[Reason::two_masters] == 50);
  plane.publish(held_route(1, 0, 1));  // now the commands are in our kernel before the refusal
  std::vector<Connection> waiting;
  for (int i = 0; i < 50; ++i) {
    waiting.push_back(plane.client());
    CHECK(waiting.back().send(std::string_view(commands).substr(0, 30'000)));
  }
  REQUIRE(plane.until([&] { return plane.traffic().parked == 50; }));
  plane.publish(closed);
  for (auto& client : waiting) {
    CHECK(is_refusal(client.receive_all()));
    CHECK(client.error() == 0);
  }
  CHECK(plane.until([&] { return plane.data.sessions() == 0; }));
}

TEST_CASE("data plane: what was published before the start is the first table that clients meet") {
  const auto settings = one_group("127.77.2.19", {node({"127.77.2.19", 1})});
  boost::asio::io_context control;
  proxy::DataPlane data(control, settings, configured(settings), plentiful(settings), {});
  data.bind();
  const auto client = Connection::to(data.traffic().groups[0].bound_listen);
  data.publisher().publish(Plane::group, held_route(1, 1, 1), [] {});
  data.start();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (data.traffic().groups[0].parked == 0 && std::chrono::steady_clock::now() < deadline) control.run_for(2ms);
  CHECK(data.traffic().groups[0].parked == 1);
  CHECK(data.traffic().groups[0].refused.empty());
}

TEST_CASE("data plane: a refused client that never stops talking is closed after its 200 ms") {
  Server server("127.77.2.5");
  Plane plane(one_group("127.77.2.5", {node(server.endpoint())}));
  auto client = plane.client();  // no route was published yet: closed, starting
  CHECK(is_refusal(client.receive(12 + 13).append("\r\n")));
  CHECK(plane.until([&] { return client.send("PING\r\n"), plane.data.sessions() == 0; }, 5s));
}

TEST_CASE("data plane: limits and allow-list") {
  Server server("127.77.2.6");
  auto settings = one_group("127.77.2.6", {node(server.endpoint())});
  settings.groups[0].max_connections = 1;
  SUBCASE("max_connections of the group") {
    Plane plane(std::move(settings));
    plane.publish(open_route(1, 0, 1));
    auto [client, backend] = connected(plane.client(), server);
    CHECK(is_refusal(plane.client().receive_all()));
    CHECK(plane.traffic().refused[Reason::too_many_connections] == 1);
    client.close();
    backend.close();
    REQUIRE(plane.until([&] { return plane.data.sessions() == 0; }));
    connected(plane.client(), server);
  }
  SUBCASE("allow") {
    Network elsewhere{"10.0.0.0/8", {}, 104};
    elsewhere.address[10] = elsewhere.address[11] = 0xff;
    elsewhere.address[12] = 10;
    settings.groups[0].allow = {elsewhere};
    Plane plane(std::move(settings));
    plane.publish(open_route(1, 0, 1));
    CHECK(is_refusal(plane.client().receive_all()));
    CHECK(plane.traffic().refused[Reason::not_allowed] == 1);
  }
}

TEST_CASE("data plane: every refused client is counted, also those that are too many to be answered") {
  Server server("127.77.2.3");
  auto settings = one_group("127.77.2.3", {node(server.endpoint())});
  settings.groups[0].max_connections = 1;
  Plane plane(std::move(settings));
  plane.publish(open_route(1, 0, 1));
  std::vector<Connection> clients;
  for (int i = 0; i < 701; ++i) clients.push_back(plane.client());
  CHECK(plane.until([&] { return plane.traffic().refused[Reason::too_many_connections] == 700; }));
  CHECK(plane.until([&] { return plane.data.sessions() == 1; }));
}

TEST_CASE("data plane: a failed connect tells the monitor and tries again while the table says open") {
  auto dead = std::make_unique<Server>("127.77.2.7");
  const Endpoint address = dead->endpoint();
  Plane plane(one_group("127.77.2.7", {node(address)}));
  dead.reset();
  plane.publish(open_route(1, 0, 1));
  auto client = plane.client();
  REQUIRE(plane.until([&] { return plane.failed_connects.size() >= 2; }));
  CHECK(plane.failed_connects[0] == NodeId(0));
  CHECK(plane.until([&] { return plane.traffic().parked == 1; }));  // not while it tries again
  Fd again = net::listen_on(address);
  CHECK(plane.until([&] { return plane.traffic().nodes[0].sessions_total == 1; }));
  CHECK(plane.traffic().parked == 0);
}

TEST_CASE("data plane: a connect without an answer ends after connect_timeout, and the client waits on") {
  FullServer full("127.77.2.8");
  auto settings = one_group("127.77.2.8", {node(full.endpoint())});
  settings.groups[0].connect_timeout = 50ms;
  Plane plane(std::move(settings));
  plane.publish(open_route(1, 0, 1));
  auto client = plane.client();
  CHECK(plane.until([&] { return !plane.failed_connects.empty(); }));
  plane.publish(held_route(1, 1, 1));
  CHECK(plane.until([&] { return plane.traffic().parked == 1; }));
}

TEST_CASE("data plane: a switch cuts the sessions of the old master before it is acknowledged") {
  Server first("127.77.2.9");
  Server second("127.77.2.9");
  Plane plane(one_group("127.77.2.9", {node(first.endpoint()), node(second.endpoint())}));
  plane.publish(open_route(1, 0, 2));
  auto [client, backend] = connected(plane.client(), first);
  plane.publish(held_route(1, 1, 2));  // held without a cut: the session goes on
  CHECK(client.send("still"));
  CHECK(backend.receive(5) == "still");
  plane.publish(held_route(2, 0, 2));
  CHECK(client.readable(0ms));  // the cut is there already
  client.receive_all();
  CHECK(client.error() == ECONNRESET);
  backend.receive_all();
  CHECK(backend.error() == ECONNRESET);
  CHECK(plane.traffic().cut[Reason::switched] == 1);
  auto late = plane.client();
  REQUIRE(plane.until([&] { return plane.traffic().parked == 1; }));
  plane.publish(open_route(2, 1, 2));
  connected(std::move(late), second);
  REQUIRE(plane.until([&] { return !plane.records.empty(); }));
  CHECK(plane.records[0].end == SessionEnd::cut);
  CHECK(plane.records[0].reason == Reason::switched);
}

TEST_CASE("data plane: [log] sessions = errors leaves out what ended in good order, and no RST") {
  Server server("127.77.2.19");
  auto settings = one_group("127.77.2.19", {node(server.endpoint())});
  settings.log.sessions = config::LogSessions::errors;
  Plane plane(std::move(settings));
  plane.publish(open_route(1, 0, 1));
  const auto ended = [&](auto end) {
    auto [client, backend] = connected(plane.client(), server);
    end(client, backend);
    REQUIRE(plane.until([&] { return plane.data.sessions() == 0; }));
  };
  ended([](auto& client, auto& backend) { client.close(), backend.close(); });
  ended([](auto& client, auto&) { client.reset(); });
  ended([](auto&, auto& backend) { backend.reset(); });
  REQUIRE(plane.until([&] { return plane.records.size() == 2; }));
  CHECK(plane.records[0].end == SessionEnd::client_reset);
  CHECK(plane.records[1].end == SessionEnd::server_reset);
}

TEST_CASE("data plane: the acknowledgement comes after the last of many cuts, and before the first word about them") {
  Server server("127.77.2.18");
  Plane plane(one_group("127.77.2.18", {node(server.endpoint())}));
  plane.publish(open_route(1, 0, 1));
  std::vector<std::pair<Connection, Connection>> sessions;
  for (int i = 0; i < 300; ++i) sessions.push_back(connected(plane.client(), server));
  std::uint64_t cut = 0;
  std::size_t reported = 0;
  plane.data.publisher().publish(Plane::group, held_route(2, 0, 1), [&] {
    cut = plane.traffic().cut[Reason::switched];
    reported = plane.records.size();
  });
  REQUIRE(plane.until([&] { return cut != 0; }));
  CHECK(cut == 300);
  CHECK(reported == 0);
  CHECK(plane.until([&] { return plane.records.size() == 300; }));
}

TEST_CASE("data plane: bytes of the old master that arrive with the cut never reach the client") {
  Server server("127.77.2.10");
  Plane plane(one_group("127.77.2.10", {node(server.endpoint())}));
  plane.publish(open_route(1, 0, 1));
  auto [client, backend] = connected(plane.client(), server);
  std::atomic<bool> stop{false};
  std::thread chatter([&, &from = backend] {
    while (!stop && from.send("old")) continue;
  });
  REQUIRE(client.readable());
  plane.publish(held_route(2, 0, 1));
  const auto at_acknowledgement = plane.traffic().bytes_server_to_client;
  client.receive_all();
  CHECK(client.error() == ECONNRESET);
  CHECK(plane.traffic().bytes_server_to_client == at_acknowledgement);
  stop = true;
  chatter.join();
}

TEST_CASE("data plane: readers spread, and are cut when their node changes") {
  Server servers[]{Server("127.77.2.11"), Server("127.77.2.11"), Server("127.77.2.11")};
  Plane plane(one_group("127.77.2.11",
                        {node(servers[0].endpoint()), node(servers[1].endpoint()), node(servers[2].endpoint())}));
  auto route = open_route(1, 0, 3);
  route.readers = {{0, false}, {1, true}, {1, true}};
  plane.publish(route);
  std::vector<std::pair<Connection, Connection>> sessions;
  for (int i = 0; i < 6; ++i) {
    auto client = plane.reader();
    REQUIRE(plane.until([&] { return servers[1].has_client(0ms) || servers[2].has_client(0ms); }));
    sessions.push_back(connected(std::move(client), servers[1].has_client(0ms) ? servers[1] : servers[2]));
  }
  auto nodes = plane.traffic().nodes;
  CHECK(nodes[0].sessions == 0);
  CHECK(nodes[1].sessions == 3);
  CHECK(nodes[2].sessions == 3);
  route.readers[1] = {2, false};
  plane.publish(route);
  nodes = plane.traffic().nodes;
  CHECK(nodes[1].sessions == 0);
  CHECK(nodes[2].sessions == 3);
  CHECK(plane.traffic().cut[Reason::node_changed] == 3);
  route.readers[2].accepts = false;
  plane.publish(route);  // no reader accepts: the master does; who reads already goes on
  connected(plane.reader(), servers[0]);
  CHECK(plane.traffic().nodes[2].sessions == 3);
}

TEST_CASE("data plane: readers prefer the proxy's own zone") {
  Server near("127.77.2.12");
  Server far("127.77.2.12");
  auto settings = one_group("127.77.2.12", {node(far.endpoint(), "1b"), node(near.endpoint(), "1a")});
  settings.proxy.zone = "1a";
  Plane plane(std::move(settings));
  auto route = open_route(1, 0, 2);
  route.readers = {{1, true}, {1, true}};
  plane.publish(route);
  auto first = connected(plane.reader(), near);
  auto second = connected(plane.reader(), near);
  CHECK(plane.traffic().nodes[1].sessions == 2);
}

TEST_CASE("data plane: bind says which address it could not have") {
  Server taken("127.77.2.15");
  auto settings = one_group("127.77.2.15", {node(taken.endpoint())});
  settings.groups[0].listen = taken.endpoint();
  boost::asio::io_context control;
  proxy::DataPlane data(control, settings, configured(settings), plentiful(settings), {});
  try {
    data.bind();
    FAIL("bound twice");
  } catch (const std::system_error& error) {
    CHECK(error.code().value() == EADDRINUSE);
    CHECK(std::string(error.what()).find(std::to_string(taken.endpoint().port)) != std::string::npos);
  }
}

TEST_CASE("data plane: an address that is not here yet can be bound") {
  auto settings = one_group("192.0.2.77", {node({"127.77.2.16", 1})});
  Plane plane(std::move(settings));
  CHECK(plane.traffic().bound_listen.port != 0);
}

TEST_CASE("data plane: stopping: no new clients, the running ones go on until they are cut") {
  Server server("127.77.2.17");
  Plane plane(one_group("127.77.2.17", {node(server.endpoint())}));
  plane.publish(open_route(1, 0, 1));
  auto [client, backend] = connected(plane.client(), server);
  const auto address = SocketAddress::from(plane.traffic().bound_listen);
  plane.data.stop_accepting();
  CHECK(plane.until([&] {
    Fd late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(late.get(), address->data(), address->size()) != 0 && errno == ECONNREFUSED;
  }));
  CHECK(client.send("go on"));
  CHECK(backend.receive(5) == "go on");
  plane.data.cut_all();
  client.receive_all();
  CHECK(client.error() == ECONNRESET);
  CHECK(plane.until([&] { return plane.data.sessions() == 0; }));
  plane.data.join();
}
