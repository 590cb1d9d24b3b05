// One client of the data plane: connecting while the table changes, waiting for a server, giving up, silent for too
// long.
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <future>

#include "tests/support/loopback.hpp"

using namespace sengu;
using namespace sengu::test;
using health::Reason;

namespace {

/// The loopback interface of a new network namespace, with two ports to choose from.
void few_ports() {
  ifreq loopback{};
  loopback.ifr_name[0] = 'l';
  loopback.ifr_name[1] = 'o';
  loopback.ifr_flags = IFF_UP;
  const Fd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::ioctl(control.get(), SIOCSIFFLAGS, &loopback) == 0);
  std::ofstream range("/proc/sys/net/ipv4/ip_local_port_range");
  range << "40000 40001" << std::flush;
  REQUIRE(range.good());
}

/// _exit() asks ThreadSanitizer first, for which the parent's threads have leaked in a child.
[[noreturn]] void leave_process(int status) {
  ::syscall(SYS_exit_group, status);
  ::abort();
}

/// Clients are connected at once, and may be silent for so long.
struct Impatient {
  Impatient(const std::string& host, std::chrono::milliseconds idle_timeout)
      : server(host), plane(settings(server, host, idle_timeout)) {
    plane.publish(open_route(1, 0, 1));
  }

  static config::Settings settings(const Server& server, const std::string& host,
                                   std::chrono::milliseconds idle_timeout) {
    auto settings = one_group(host, {node(server.endpoint())});
    settings.groups[0].idle_timeout = idle_timeout;
    return settings;
  }

  Server server;
  Plane plane;
};

}  // namespace

TEST_CASE("session: who is still connecting when doubt about the master begins is parked, not let in later") {
  FullServer full("127.77.4.1");
  auto settings = one_group("127.77.4.1", {node(full.endpoint())});
  settings.groups[0].connect_timeout = 60s;
  Plane plane(std::move(settings));
  plane.publish(open_route(1, 0, 1));
  auto client = plane.client();
  REQUIRE(plane.until([&] { return plane.traffic().nodes[0].sessions == 1; }));
  plane.publish(held_route(1, 1, 1));
  CHECK(plane.traffic().nodes[0].sessions == 0);
  CHECK(plane.traffic().parked == 1);
}

TEST_CASE("session: a reader that is still connecting to a node that takes no readers any more goes to another") {
  FullServer full("127.77.4.12");
  Server other("127.77.4.12");
  auto settings = one_group("127.77.4.12", {node(full.endpoint()), node(other.endpoint())});
  settings.groups[0].connect_timeout = 60s;
  Plane plane(std::move(settings));
  auto route = open_route(1, 1, 2);
  route.readers = {{1, true}, {0, false}};
  plane.publish(route);
  auto client = plane.reader();
  REQUIRE(plane.until([&] { return plane.traffic().nodes[0].sessions == 1; }));
  route.readers[0] = {0, false};
  plane.publish(route);  // no reader is left: the master takes the client
  auto backend = other.accept();
  CHECK(plane.traffic().nodes[0].sessions == 0);
  CHECK(client.send("GET k"));
  CHECK(backend.receive(5) == "GET k");
}

TEST_CASE("session: a parked client that ends its sending side is dropped, and no server sees what it sent") {
  Server server("127.77.4.2");
  Plane plane(one_group("127.77.4.2", {node(server.endpoint())}));
  plane.publish(held_route(1, 0, 1));
  auto silent = plane.client();
  auto reset = plane.client();
  auto closed = plane.client();
  auto half_closed = plane.client();
  auto stays = plane.client();
  CHECK(reset.send("SET k 1"));
  CHECK(closed.send("SET k 1"));
  CHECK(half_closed.send("SET k 1"));
  CHECK(stays.send("SET k 2"));
  REQUIRE(plane.until([&] { return plane.traffic().parked == 5; }));
  silent.close();
  reset.reset();
  closed.close();
  half_closed.finish();
  CHECK(half_closed.receive_all() == "-ERR sengu: the connection to the master ended; asking again\r\n");
  CHECK(half_closed.error() == 0);
  REQUIRE(plane.until([&] { return plane.traffic().parked == 1; }));
  CHECK(plane.traffic().refused[Reason::connection_lost] == 2);  // the other two are no refusals
  plane.publish(open_route(1, 0, 1));
  auto backend = server.accept();
  CHECK(backend.receive(7) == "SET k 2");
  CHECK_FALSE(server.has_client(50ms));
}

TEST_CASE("session: a client that gives up while it is being connected takes no place among the waiting") {
  FullServer full("127.77.4.3");
  auto settings = one_group("127.77.4.3", {node(full.endpoint())});
  settings.groups[0].connect_timeout = 300ms;
  settings.groups[0].failover.hold_timeout = 60s;
  Plane plane(std::move(settings));
  plane.publish(open_route(1, 0, 1));
  auto silent = plane.client();
  auto talkative = plane.client();
  CHECK(talkative.send("SET k 1"));
  REQUIRE(plane.until([&] { return plane.traffic().nodes[0].sessions == 2; }));
  silent.close();
  talkative.finish();
  CHECK(talkative.receive_all() == "-ERR sengu: the server could not be reached\r\n");
  CHECK(plane.until([&] { return plane.data.sessions() == 0; }));
  CHECK(plane.traffic().parked == 0);
}

TEST_CASE("session: a connect that met itself is a refused one") {
  // In a network of its own thread, where the kernel has two ports to choose the near end of a connection from.
  std::async(std::launch::async, [] {
    if (::unshare(CLONE_NEWNET) != 0) {
      MESSAGE("skipped: needs root");
      return;
    }
    few_ports();
    // 127.0.0.1: to every other address of 127/8 the kernel connects from 127.0.0.1.
    auto settings = one_group("127.77.4.4", {node({"127.0.0.1", 40000})});
    settings.groups[0].listen.port = 30000;
    settings.groups[0].read_listen.reset();
    Plane plane(std::move(settings));
    plane.publish(open_route(1, 0, 1));
    auto client = plane.client();
    CHECK(plane.until([&] { return plane.failed_connects.size() >= 5; }));
    CHECK(plane.traffic().nodes[0].sessions_total == 0);
  }).get();
}

TEST_CASE("session: idle_timeout closes who is silent, in good order, and nobody who is not") {
  Impatient impatient("127.77.4.5", 200ms);
  Server& server = impatient.server;
  Plane& plane = impatient.plane;
  auto silent = plane.client();
  auto behind_silent = server.accept();
  auto busy = plane.client();
  auto behind_busy = server.accept();
  bool silent_ended = false;
  for (int i = 0; i < 60 && !silent_ended; ++i) {  // a byte each 20 ms at most, from either side in turn
    auto& from = i % 2 == 0 ? busy : behind_busy;
    auto& to = i % 2 == 0 ? behind_busy : busy;
    REQUIRE(from.send("x"));
    REQUIRE(to.receive(1) == "x");
    silent_ended = silent.readable(20ms);
  }
  CHECK(silent_ended);
  CHECK(silent.receive_all().empty());
  CHECK(silent.error() == 0);
  CHECK(behind_silent.receive_all().empty());
  CHECK(behind_silent.error() == 0);
  CHECK(busy.send("y"));
  CHECK(behind_busy.receive(1) == "y");
  CHECK(plane.traffic().cut[Reason::idle_timeout] == 1);
  CHECK(busy.receive_all().empty());  // silent from here on
  CHECK(plane.until([&] { return plane.records.size() == 2; }));
  CHECK(plane.records[0].end == proxy::SessionEnd::cut);
  CHECK(plane.records[0].reason == Reason::idle_timeout);
}

TEST_CASE("session: with busy_poll requests, tables and cuts come through, and an idle worker sleeps") {
  Server server("127.77.4.6");
  auto settings = one_group("127.77.4.6", {node(server.endpoint())});
  settings.proxy.busy_poll = 1ms;
  Plane plane(std::move(settings));
  plane.publish(open_route(1, 0, 1));
  auto client = plane.client();
  auto backend = server.accept();
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(client.send("PING"));
    REQUIRE(backend.receive(4) == "PING");
    REQUIRE(backend.send("PONG"));
    REQUIRE(client.receive(4) == "PONG");
  }
  plane.publish(open_route(2, 0, 1));
  CHECK(client.receive_all().empty());
  CHECK(client.error() == ECONNRESET);
  const auto spent = [] {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  // Of 200 ms in which nothing comes at most a part is spent: the last traffic may be 1 ms old.
  const auto before = spent();
  CHECK_FALSE(server.has_client(200ms));
  CHECK(spent() - before < 100ms);
}

TEST_CASE("session: idle_timeout resets who leaves bytes waiting, since a FIN would make them look complete") {
  Impatient impatient("127.77.4.7", 200ms);
  Server& server = impatient.server;
  Plane& plane = impatient.plane;
  auto client = plane.client(64 * 1024);
  auto backend = server.accept();
  const std::size_t sent = backend.push(64 << 20, 100ms);
  REQUIRE(plane.until([&] { return plane.data.sessions() == 0; }));
  CHECK(client.receive_all().size() < sent);
  CHECK(client.error() == ECONNRESET);
}

TEST_CASE("session: after a stop of ours nobody is idle whose bytes had come") {
  constexpr std::size_t sessions = 300;  // more than one turn takes
  constexpr auto idle_timeout = 3s;      // to begin them all takes less, however busy the machine
  int order[2];
  REQUIRE(::pipe(order) == 0);
  const pid_t process = ::getpid();
  const pid_t clients =
      ::fork();  // before there is a socket: what is open twice does not leave an epoll set when it is closed
  if (clients == 0) {
    SocketAddress where;
    if (::read(order[0], &where, sizeof where) != sizeof where) leave_process(1);
    std::vector<Connection> connections;
    for (std::size_t i = 0; i < sessions; ++i) connections.push_back(Connection::to(where.endpoint()));
    char go = 0;
    if (::read(order[0], &go, 1) != 1) leave_process(1);
    ::kill(process, SIGSTOP);
    for (auto& connection : connections) connection.send("x");
    ::poll(nullptr, 0, 3500);  // the stop itself, longer than idle_timeout
    ::kill(process, SIGCONT);
    for (auto& connection : connections) connection.receive(1);  // the end of the test
    leave_process(0);
  }
  REQUIRE(clients > 0);
  {
    Impatient impatient("127.77.4.8", idle_timeout);
    Server& server = impatient.server;
    Plane& plane = impatient.plane;
    const auto where = *SocketAddress::from(plane.traffic().bound_listen);
    REQUIRE(::write(order[1], &where, sizeof where) == sizeof where);
    std::vector<Connection> backends;
    for (std::size_t i = 0; i < sessions; ++i) backends.push_back(server.accept());
    // A connect that the worker has not seen to its end would be overdue after the stop, and be made again.
    REQUIRE(plane.until([&] { return plane.traffic().nodes[0].sessions_total == sessions; }));
    REQUIRE(::write(order[1], "!", 1) == 1);
    std::size_t arrived = 0;
    for (auto& backend : backends) arrived += backend.receive(1) == "x";
    CHECK(arrived == sessions);
  }
  int status = 0;
  REQUIRE(::waitpid(clients, &status, 0) == clients);
  CHECK(status == 0);
  for (const int end : order) ::close(end);
}
