// The way in: who gets which worker, and what happens when there is no descriptor for a client.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <thread>

#include "tests/support/loopback.hpp"

using namespace sengu;
using namespace sengu::test;
using health::Reason;

namespace {

/// A group without a master, whose clients wait on the worker that they were given to.
config::Settings waiting_room(const std::string& host, std::size_t workers) {
  auto settings = one_group(host, {node({host, 1})});
  settings.proxy.workers = workers;
  settings.groups[0].failover.hold_timeout = 60s;
  return settings;
}

std::size_t difference(const std::vector<std::size_t>& loads) {
  const auto [least, most] = std::minmax_element(loads.begin(), loads.end());
  return *most - *least;
}

/// So many clients at once from threads of their own, half of them at each of the group's listeners.
std::vector<Connection> at_once(const Plane& plane, std::size_t clients, std::size_t threads) {
  std::vector<std::vector<Connection>> made(threads);
  std::barrier together(static_cast<std::ptrdiff_t>(threads));
  std::vector<std::thread> running;
  for (std::size_t t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      together.arrive_and_wait();
      for (std::size_t i = t; i < clients; i += threads)
        made[t].push_back(t % 2 == 0 ? plane.client() : plane.reader());
    });
  }
  std::vector<Connection> all;
  for (std::size_t t = 0; t < threads; ++t) {
    running[t].join();
    std::move(made[t].begin(), made[t].end(), std::back_inserter(all));
  }
  return all;
}

/// While this lives no descriptor can be had from `first` on.
class FileLimit {
 public:
  explicit FileLimit(int first) {
    REQUIRE(getrlimit(RLIMIT_NOFILE, &old_) == 0);
    const rlimit limit{static_cast<rlim_t>(first), old_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  }
  ~FileLimit() { setrlimit(RLIMIT_NOFILE, &old_); }

 private:
  rlimit old_{};
};

int lowest_free_file() {
  const int lowest = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
  ::close(lowest);
  return lowest;
}

std::vector<Connection> sockets(std::size_t count) {
  std::vector<Connection> made;
  for (std::size_t i = 0; i < count; ++i) made.emplace_back(Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  return made;
}

constexpr const char* refused = "-ERR sengu: too many connections\r\n";

}  // namespace

TEST_CASE("accept: one after the other, clients spread evenly, whoever accepts them") {
  for (const std::size_t workers : {2, 4}) {
    for (const std::size_t clients : {10, 100}) {
      CAPTURE(workers);
      CAPTURE(clients);
      Plane plane(waiting_room("127.77.9.1", workers));
      plane.publish(held_route(1, 0, 1));
      std::vector<Connection> waiting;
      for (std::size_t i = 0; i < clients; ++i) {
        waiting.push_back(i % 2 == 0 ? plane.client() : plane.reader());
        REQUIRE(plane.until([&] { return plane.data.sessions() == i + 1; }));
      }
      CHECK(difference(plane.data.loads()) == (clients % workers == 0 ? 0 : 1));
    }
  }
}

TEST_CASE("accept: one listener accepts many at once, and they spread evenly") {
  for (int i = 0; i < 12; ++i) {
    Plane plane(waiting_room("127.77.9.2", 2));
    plane.publish(held_route(1, 0, 1));
    std::vector<Connection> waiting;
    for (int client = 0; client < 10; ++client) waiting.push_back(plane.client());
    REQUIRE(plane.until([&] { return plane.data.sessions() == 10; }));
    CHECK(plane.data.loads() == std::vector<std::size_t>{5, 5});
  }
}

TEST_CASE("accept: listeners on different workers accept at once, and are off by no more than there are workers") {
  for (const std::size_t workers : {2, 4}) {
    for (int i = 0; i < 10; ++i) {
      CAPTURE(workers);
      Plane plane(waiting_room("127.77.9.3", workers));
      plane.publish(held_route(1, 0, 1));
      const auto waiting = at_once(plane, 100, 4);
      REQUIRE(plane.until([&] { return plane.data.sessions() == 100; }));
      CHECK(difference(plane.data.loads()) <= workers);
    }
  }
}

TEST_CASE("accept: without a descriptor for them clients are told so at once, and counted") {
  Server server("127.77.9.4");
  Plane plane(one_group("127.77.9.4", {node(server.endpoint())}));
  plane.publish(open_route(1, 0, 1));
  auto clients = sockets(100);
  const auto address = SocketAddress::from(plane.traffic().bound_listen);
  {
    const FileLimit none(lowest_free_file());
    for (auto& client : clients) REQUIRE(::connect(client.fd(), address->data(), address->size()) == 0);
    for (auto& client : clients) {
      CHECK(client.receive_all() == refused);
      CHECK(client.error() == 0);
    }
    REQUIRE(plane.until([&] { return plane.data.traffic().accept_errors["EMFILE"] == clients.size(); }));
    CHECK(plane.traffic().refused[Reason::too_many_connections] == clients.size());
  }
  auto next = plane.client();
  auto backend = server.accept();
  CHECK(next.send("x"));
  CHECK(backend.receive(1) == "x");
  CHECK(plane.data.traffic().accept_errors["EMFILE"] == clients.size());
  CHECK(plane.data.sessions() == 1);
}

TEST_CASE("accept: where even the spare descriptor is of no use the listener waits, and does not spin") {
  Server server("127.77.9.5");
  Plane plane(one_group("127.77.9.5", {node(server.endpoint())}));
  plane.publish(open_route(1, 0, 1));
  auto clients = sockets(3);
  const auto address = SocketAddress::from(plane.traffic().bound_listen);
  {
    const FileLimit none(3);  // also what the spare one leaves free
    for (auto& client : clients) REQUIRE(::connect(client.fd(), address->data(), address->size()) == 0);
    CHECK(plane.until([&] { return plane.data.traffic().accept_errors["EMFILE"] >= 2; }));
    CHECK(plane.data.traffic().accept_errors["EMFILE"] < 100);
  }
  std::vector<Connection> backends;
  for (std::size_t i = 0; i < clients.size(); ++i) backends.push_back(server.accept());
  for (auto& backend : backends) CHECK(backend.send("hi"));
  for (auto& client : clients) CHECK(client.receive(2) == "hi");
  auto late = sockets(1);
  const FileLimit none(lowest_free_file());
  REQUIRE(::connect(late[0].fd(), address->data(), address->size()) == 0);
  CHECK(late[0].receive_all() == refused);  // there is a spare one again
}
