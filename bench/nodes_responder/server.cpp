// See server.hpp.
#include "bench/nodes_responder/server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

namespace bench {
namespace {

constexpr int backlog = 4096;
constexpr std::uint64_t listener_bit = 1ULL << 32;  // in an event's data: a listener, and not a connection
constexpr std::uint64_t extra_tag = 1ULL << 33;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

Time now() { return std::chrono::steady_clock::now(); }

sockaddr_in socket_address(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(port);
  return address;
}

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

void reset(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::string dotted_with_port(const sockaddr_in& address) {
  char text[INET_ADDRSTRLEN];
  return std::string(inet_ntop(AF_INET, &address.sin_addr, text, sizeof text)) + ":" +
         std::to_string(ntohs(address.sin_port));
}

/// "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n" at the beginning of `in`: the words, and how long it is. None: not whole yet.
std::optional<std::size_t> parse(std::string_view in, Words& words) {
  words.clear();
  std::size_t at = 0;
  const auto number = [&](char mark) -> std::optional<std::size_t> {
    const auto end = in.find("\r\n", at);
    if (end == std::string_view::npos || in[at] != mark) return std::nullopt;
    std::size_t value = 0;
    std::from_chars(in.data() + at + 1, in.data() + end, value);
    at = end + 2;
    return value;
  };
  const auto count = number('*');
  for (std::size_t i = 0; count && i < *count; ++i) {
    const auto size = number('$');
    if (!size || in.size() < at + *size + 2) return std::nullopt;
    words.push_back(in.substr(at, *size));
    at += *size + 2;
  }
  return count ? std::optional(at) : std::nullopt;
}

}  // namespace

void Fd::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Fd& Fd::operator=(Fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

struct Server::Connection {
  Fd socket;
  NodeId node{};
  std::string peer;
  std::string name;
  Time accepted{};
  Time used{};
  std::string in;
  std::string out;                                 // not sent yet
  bool waits = false;                              // ... until it is writable
  std::optional<std::vector<std::string>> queued;  // since MULTI: commands as they came
};

Server::Server(Fleet& fleet, int extra)
    : fleet_(fleet), epoll_(::epoll_create1(EPOLL_CLOEXEC)), nodes_(fleet.groups() * nodes_per_group) {
  if (epoll_.get() < 0) fail("epoll_create1");
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  for (std::size_t group = 0; group < fleet_.groups(); ++group) masters_.push_back(listen_on(address_of({group, 0})));
  for (std::uint16_t i = 1; i <= replica_ports; ++i) {
    others_.push_back(listen_on({INADDR_ANY, static_cast<std::uint16_t>(master_port + i)}));
  }
  watch(extra, extra_tag);
}

Server::~Server() = default;

void Server::watch(int fd, std::uint64_t tag) {
  epoll_event event{EPOLLIN, {.u64 = tag}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

Fd Server::listen_on(Address where) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) fail("socket");
  set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  const auto address = socket_address(where.host, where.port);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
  if (::listen(socket.get(), backlog) != 0) fail("listen");
  watch(socket.get(), listener_bit | static_cast<std::uint64_t>(socket.get()));
  return socket;
}

bool Server::turn() {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
  bool readable = false;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
    const auto fd = static_cast<int>(tag & 0xffffffff);
    if (tag == extra_tag) {
      readable = true;
    } else if (tag & listener_bit) {
      accept_all(fd);
    } else if (Connection* connection = connections_[static_cast<std::size_t>(fd)].get()) {
      if (events[static_cast<std::size_t>(i)].events & EPOLLOUT) flush(*connection);
      if (connections_[static_cast<std::size_t>(fd)]) read_from(*connection);
    }
  }
  return readable;
}

void Server::accept_all(int listener) {
  for (;;) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    Fd socket(::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() < 0) return;
    sockaddr_in local{};
    size = sizeof local;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local), &size);
    const auto id = node_at({ntohl(local.sin_addr.s_addr), ntohs(local.sin_port)}, fleet_.groups());
    if (!id) continue;
    set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    set(socket.get(), SOL_SOCKET, SO_TIMESTAMPNS, 1);
    const int fd = socket.get();
    auto connection = std::make_unique<Connection>();
    connection->socket = std::move(socket);
    connection->node = *id;
    connection->peer = dotted_with_port(peer);
    connection->accepted = connection->used = now();
    node(*id).connections.push_back(connection.get());
    if (connections_.size() <= static_cast<std::size_t>(fd)) connections_.resize(2 * static_cast<std::size_t>(fd));
    connections_[static_cast<std::size_t>(fd)] = std::move(connection);
    ++open_;
    watch(fd, static_cast<std::uint64_t>(fd));
  }
}

void Server::read_from(Connection& connection) {
  std::array<char, 4096> bytes;
  alignas(cmsghdr) std::array<char, 128> control;
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto size = ::recvmsg(connection.socket.get(), &message, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return close(connection);
  std::int64_t stamp = 0;
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec at{};
    std::memcpy(&at, CMSG_DATA(one), sizeof at);
    stamp = at.tv_sec * 1'000'000'000LL + at.tv_nsec;
  }
  connection.in.append(bytes.data(), static_cast<std::size_t>(size));
  take_commands(connection, stamp);
}

void Server::take_commands(Connection& connection, std::int64_t stamp) {
  connection.used = now();
  std::string_view in = connection.in;
  Words words;
  while (!in.empty()) {
    const auto size = parse(in, words);
    if (!size || words.empty()) break;
    if (words.size() == 2 && words[0] == "INFO" && words[1] == "server") note_probe(connection, stamp);
    take(connection, words, in.substr(0, *size));
    in.remove_prefix(*size);
  }
  connection.in.erase(0, connection.in.size() - in.size());
  flush(connection);
}

void Server::take(Connection& connection, const Words& command, std::string_view raw) {
  std::string& out = connection.out;
  if (command[0] == "MULTI") {
    connection.queued.emplace();
    out += "+OK\r\n";
  } else if (command[0] == "EXEC" && connection.queued) {
    const auto queued = std::move(*connection.queued);
    connection.queued.reset();
    out += "*" + std::to_string(queued.size()) + "\r\n";
    Words words;
    for (const std::string& one : queued) {
      parse(one, words);
      take(connection, words, one);
    }
  } else if (connection.queued) {
    connection.queued->emplace_back(raw);
    out += "+QUEUED\r\n";
  } else if (command[0] == "CLIENT" && command.size() == 2 && command[1] == "LIST") {
    list_clients(connection.node, out);
  } else {
    if (command[0] == "CLIENT" && command.size() == 3 && command[1] == "SETNAME") connection.name = command[2];
    fleet_.answer(connection.node, command, connection.used, out);
  }
}

/// Of probes over two connections of one node the gap is as of one.
void Server::note_probe(Connection& connection, std::int64_t stamp) {
  if (stamp == 0) return;
  Node& asked = node(connection.node);
  if (asked.asked != 0) gaps_.push_back(stamp - asked.asked);
  asked.asked = stamp;
}

std::vector<std::int64_t> Server::take_gaps() {
  for (Node& one : nodes_) one.asked = 0;
  return std::exchange(gaps_, {});
}

void Server::list_clients(NodeId id, std::string& out) {
  const auto seconds = [at = now()](Time since) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(at - since).count());
  };
  std::string text;
  for (const Connection* one : node(id).connections) {
    text += "id=" + std::to_string(one->socket.get()) + " addr=" + one->peer +
            " laddr=127.0.0.1:0 fd=8 name=" + one->name + " age=" + seconds(one->accepted) +
            " idle=" + seconds(one->used) +
            " flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=16384 "
            "rbp=16384 obl=0 "
            "oll=0 omem=0 tot-mem=37658 events=r cmd=client|list user=default redir=-1 resp=2\n";
  }
  append_bulk(out, text);
}

/// What the kernel does not take now goes out when it is writable.
void Server::flush(Connection& connection) {
  if (connection.out.empty()) return;
  const auto sent = ::send(connection.socket.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return close(connection);
  connection.out.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  const bool more = !connection.out.empty();
  if (more == connection.waits) return;
  connection.waits = more;
  epoll_event event{EPOLLIN | (more ? EPOLLOUT : 0U), {.u64 = static_cast<std::uint64_t>(connection.socket.get())}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.socket.get(), &event);
}

void Server::close(Connection& connection) {
  std::erase(node(connection.node).connections, &connection);
  --open_;
  const auto fd = static_cast<std::size_t>(connection.socket.get());
  connections_[fd].reset();
}

void Server::kill_master(std::size_t group) {
  masters_[group].close();
  const auto victims = node({group, 0}).connections;
  for (Connection* victim : victims) {
    reset(victim->socket.get());
    close(*victim);
  }
  fleet_.kill_master(group, now());
}

}  // namespace bench
