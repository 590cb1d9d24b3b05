// Loopback TCP connections of which the data plane has the near end and the program the far one. Every wait polls, with
// a deadline: what is counted must never meet a socket that is not ready yet. Throws std::runtime_error where it does.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "health/net/socket.hpp"

namespace sengu::bench {

using net::Fd;
using net::SocketAddress;

inline void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

/// Calls it until it holds.
template <typename Predicate>
void await(Predicate holds, const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    require(std::chrono::steady_clock::now() < deadline, what);
    sched_yield();
  }
}

class Wire {
 public:
  /// `near`: the descriptor of the other end, whoever owns it.
  Wire(Fd far, int near) : far_(std::move(far)), near_(near) {}

  int near() const { return near_; }
  /// From the far end; then all of it lies at the near one.
  void send(std::span<const char> bytes) {
    require(::send(far_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()),
            "not sent");
    await([&] { return net::readable_bytes(near_) == bytes.size() && is_readable(); }, "what was sent did not arrive");
  }
  /// At the far end exactly as many bytes, and the same ones, as were sent into another wire.
  void expect(std::span<const char> bytes) {
    received_.resize(bytes.size());
    await([&] { return net::readable_bytes(far_.get()) >= bytes.size(); }, "what was passed on did not arrive");
    const auto count = ::recv(far_.get(), received_.data(), received_.size(), 0);
    require(count == static_cast<ssize_t>(bytes.size()) && net::readable_bytes(far_.get()) == 0,
            "another size arrived");
    require(std::equal(bytes.begin(), bytes.end(), received_.begin()), "other bytes arrived");
  }

 private:
  /// As epoll sees it: the bytes are counted a moment before who waits for them is told.
  bool is_readable() const {
    pollfd entry{near_, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
  }

  Fd far_;
  int near_;
  std::vector<char> received_;
};

/// A listener on loopback.
class Door {
 public:
  Endpoint endpoint() const { return SocketAddress::local_of(fd_.get()).endpoint(); }
  /// A connected socket of the other side.
  Fd knock() const {
    const auto address = SocketAddress::local_of(fd_.get());
    Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    require(fd && ::connect(fd.get(), address.data(), address.size()) == 0, "cannot connect on loopback");
    return fd;
  }
  /// Who came, non-blocking.
  Fd open() const {
    Fd fd;
    await(
        [&] {
          return static_cast<bool>(fd = Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)));
        },
        "nobody came");
    return fd;
  }

 private:
  Fd fd_ = net::listen_on({"127.0.0.1", 0});
};

/// The descriptor of this process whose connection ends at `far`: a session keeps its sockets to itself.
inline int near_of(const Fd& far) {
  const Endpoint local = SocketAddress::local_of(far.get()).endpoint();
  const Endpoint peer = SocketAddress::peer_of(far.get()).endpoint();
  for (int fd = 0; fd < 1024; ++fd)
    if (SocketAddress::local_of(fd).endpoint() == peer && SocketAddress::peer_of(fd).endpoint() == local) return fd;
  throw std::runtime_error("nobody has the near end");
}

}  // namespace sengu::bench
