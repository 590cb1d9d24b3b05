// The epoll set of one worker, with its data sockets (edge-triggered) and its listeners (level-triggered).
// Knows no session and no clock; used by one thread.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "health/net/socket.hpp"

namespace sengu::proxy {

enum class Peer : std::uint8_t { client, server };

/// The owner of a socket, which is told when the socket is ready. Must outlive the turn in which it closes its socket,
/// since events of the same batch may still name the owner.
class alignas(8) Watched {
 public:
  virtual void ready(Peer peer, std::uint32_t events) = 0;

 protected:
  ~Watched() = default;
};

class ReadySet {
 public:
  ReadySet();  // throws std::system_error

  /// Adds the owner's socket to `peer`, edge-triggered, for reading, writing, hang-up and urgent data. False, with
  /// errno, where the kernel refuses.
  [[nodiscard]] bool add(int fd, Watched& owner, Peer peer);
  /// Adds a listener, level-triggered: a bounded number of accepts per turn then loses no client. Its peer is the
  /// client.
  [[nodiscard]] bool add_listener(int fd, Watched& owner);
  /// Call before a socket is closed. (Closing alone does not take out a socket that a child process has inherited, in
  /// the moment between fork and exec: epoll would still report that socket when its owner is gone.)
  void remove(int fd);
  enum class Found : std::uint8_t { nothing, something };
  /// Blocks until a socket is ready, at most for so long (rounded up to milliseconds); without a limit for ever.
  Found wait(std::optional<std::chrono::nanoseconds> limit);
  /// Tells the owners of the sockets that wait() found: a bounded number, the others are found the next time.
  void dispatch();

 private:
  static constexpr std::size_t batch_size = 128;  // then posted work and deadlines of the worker get their turn

  net::Fd epoll_;
  std::array<epoll_event, batch_size> events_;
  int found_ = 0;
};

}  // namespace sengu::proxy
