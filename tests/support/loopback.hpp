// Blocking loopback sockets and a whole data plane for tests: every wait has a deadline, nothing sleeps.
#pragma once

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <doctest/doctest.h>

#include <boost/asio/executor_work_guard.hpp>

#include <cerrno>
#include <memory>
#include <string>

#include "proxy/dataplane/data_plane.hpp"

namespace sengu::test {

using namespace std::chrono_literals;
using net::Fd;
using net::SocketAddress;

inline constexpr auto patience = 20s;  // sanitizers on a busy machine

/// The peer's end of a connection. Reads and writes block, at most for `patience`.
class Connection {
 public:
  explicit Connection(Fd fd) : fd_(std::move(fd)) {}

  static Connection to(const Endpoint& endpoint, int receive_buffer = 0) {
    const auto address = SocketAddress::from(endpoint);
    Fd fd(::socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer != 0) ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    REQUIRE_MESSAGE(::connect(fd.get(), address->data(), address->size()) == 0, "connect: errno " << errno);
    return Connection(std::move(fd));
  }

  bool readable(std::chrono::milliseconds limit = patience) const { return wait(POLLIN, limit); }

  /// False where the other side is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!wait(POLLOUT, patience)) return false;
      const auto count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) continue;
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  /// Sends until nothing more was taken for `quiet`; how many bytes were.
  std::size_t push(std::size_t limit, std::chrono::milliseconds quiet) {
    const std::string block(64 * 1024, 'x');
    std::size_t sum = 0;
    while (sum < limit && wait(POLLOUT, quiet)) {
      const auto count = ::send(fd_.get(), block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) sum += static_cast<std::size_t>(count);
    }
    return sum;
  }

  /// Exactly so many bytes, fewer at the end of the stream; error() then says how it ended.
  std::string receive(std::size_t size) {
    std::string bytes;
    std::string block(64 * 1024, '\0');
    while (bytes.size() < size && readable()) {
      const auto count = ::recv(fd_.get(), block.data(), std::min(block.size(), size - bytes.size()), 0);
      error_ = count < 0 ? errno : 0;
      if (count <= 0) break;
      bytes.append(block, 0, static_cast<std::size_t>(count));
    }
    return bytes;
  }

  std::string receive_all() { return receive(std::string::npos); }
  int error() const { return error_; }  // of the last receive: 0 = a clean end
  void finish() { ::shutdown(fd_.get(), SHUT_WR); }
  void reset() { fd_.reset(); }
  void close() { fd_.close(); }
  int fd() const { return fd_.get(); }

 private:
  bool wait(short events, std::chrono::milliseconds limit) const {
    pollfd entry{fd_.get(), events, 0};
    return ::poll(&entry, 1, static_cast<int>(limit.count())) == 1;
  }

  Fd fd_;
  int error_ = 0;
};

/// A server that accepts when told. Its sockets have none of the options of sengu's.
class Server {
 public:
  explicit Server(const std::string& host) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = SocketAddress::from({host, 0});
    REQUIRE(::bind(fd_.get(), address->data(), address->size()) == 0);
    REQUIRE(::listen(fd_.get(), SOMAXCONN) == 0);
  }
  Endpoint endpoint() const { return SocketAddress::local_of(fd_.get()).endpoint(); }
  bool has_client(std::chrono::milliseconds limit) const {
    pollfd entry{fd_.get(), POLLIN, 0};
    return ::poll(&entry, 1, static_cast<int>(limit.count())) == 1;
  }
  int fd() const { return fd_.get(); }
  Connection accept() {
    REQUIRE(has_client(patience));
    return Connection(Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }

 private:
  Fd fd_;
};

/// A server whose backlog of one is full: a connect gets no answer until there is room, and is then repeated by the
/// kernel after a second.
class FullServer {
 public:
  explicit FullServer(const std::string& host) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = SocketAddress::from({host, 0});
    REQUIRE(::bind(fd_.get(), address->data(), address->size()) == 0);
    REQUIRE(::listen(fd_.get(), 0) == 0);
    filler_ = std::make_unique<Connection>(Connection::to(endpoint()));
  }
  Endpoint endpoint() const { return SocketAddress::local_of(fd_.get()).endpoint(); }

 private:
  Fd fd_;
  std::unique_ptr<Connection> filler_;
};

inline config::NodeSettings node(const Endpoint& address, std::string zone = {}) {
  config::NodeSettings settings;
  settings.name = address.host + ":" + std::to_string(address.port);
  settings.address = address;
  settings.zone = std::move(zone);
  return settings;
}

/// One group on `host` in front of the nodes, one worker, a read listener.
inline config::Settings one_group(const std::string& host, std::vector<config::NodeSettings> nodes) {
  config::Settings settings;
  settings.proxy.workers = 1;
  settings.proxy.max_connections = 1000;
  settings.log.sessions = config::LogSessions::all;
  config::GroupSettings group;
  group.name = "g";
  group.listen = {host, 0};
  group.read_listen = Endpoint{host, 0};
  group.nodes = std::move(nodes);
  settings.groups.push_back(std::move(group));
  return settings;
}

inline health::Route open_route(health::Epoch epoch, std::uint16_t master, std::size_t nodes) {
  health::Route route;
  route.state = health::RouteState::open;
  route.epoch = route.live = epoch;
  route.reason = health::Reason::master_ok;
  route.master = health::NodeId(master);
  route.readers.resize(nodes);
  return route;
}

/// No master. `live` says which sessions may go on.
inline health::Route held_route(health::Epoch epoch, health::Epoch live, std::size_t nodes) {
  health::Route route = open_route(epoch, 0, nodes);
  route.state = health::RouteState::held;
  route.reason = health::Reason::connection_lost;
  route.master.reset();
  route.live = live;
  return route;
}

/// Descriptors as the app shares them out where there are plenty (proxy/app/file_budget); raises this process's limit.
inline proxy::PlaneLimits plentiful(const config::Settings& settings) {
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const std::size_t most = limit.rlim_cur / 4;
  const std::size_t wanted = settings.proxy.max_connections;
  return {{wanted == 0 ? most : std::min(wanted, most), 256 * proxy::worker_count(settings.proxy)}, 64};
}

inline health::ConfiguredGroups configured(const config::Settings& settings) {
  return health::hand_out_ids(std::make_shared<const config::Settings>(settings));
}

/// A running data plane whose control thread is the test itself.
class Plane {
 public:
  explicit Plane(config::Settings with, proxy::AckLimit limit = {})
      : settings(std::move(with)), limits(plentiful(settings)),
        data(control, settings, configured(settings), limits,
             {[this](health::GroupId, health::NodeId failed) { failed_connects.push_back(failed); },
              [this](const proxy::SessionRecord& record) { records.push_back(record); }},
             std::move(limit)) {
    data.bind();
    data.start();
  }

  /// Runs the control thread until the predicate holds.
  template <typename Predicate>
  bool until(Predicate predicate, std::chrono::milliseconds limit = patience) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!predicate()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      control.restart();
      control.run_for(2ms);
    }
    return true;
  }

  /// Publishes and waits for all workers.
  void publish(const health::Route& route) {
    auto acknowledged = std::make_shared<int>(0);
    data.publisher().publish(group, route, [acknowledged] { ++*acknowledged; });
    REQUIRE(*acknowledged == 0);
    REQUIRE(until([&] { return *acknowledged == 1; }));
  }

  proxy::GroupTraffic traffic() const { return data.traffic().groups.at(0); }
  Connection client(int receive_buffer = 0) const { return Connection::to(traffic().bound_listen, receive_buffer); }
  Connection reader() const { return Connection::to(traffic().bound_read_listen); }

  static constexpr health::GroupId group{0};
  config::Settings settings;
  proxy::PlaneLimits limits;
  boost::asio::io_context control{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{control.get_executor()};
  std::vector<health::NodeId> failed_connects;
  std::vector<proxy::SessionRecord> records;
  proxy::DataPlane data;
};

}  // namespace sengu::test
