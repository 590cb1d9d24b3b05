// The edge-triggered epoll set of one worker, in which every data socket and every listener is.
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

/// Who is told that a socket is ready. Must outlive the turn in which it closes its socket, since events of the same
/// batch may still name it.
class alignas(8) Watched {
 public:
  virtual void ready(Peer peer, std::uint32_t events) = 0;

 protected:
  ~Watched() = default;
};

class ReadySet {
 public:
  ReadySet();  // throws std::system_error

  /// A data socket, the owner's to that peer: edge-triggered, for reading, writing, hang-up and urgent data. False, with errno,
  /// where refused.
  [[nodiscard]] bool add(int fd, Watched& owner, Peer peer);
  /// A listener: level-triggered, so that a bounded number of accepts per turn loses none. Its peer is the client.
  [[nodiscard]] bool add_listener(int fd, Watched& owner);
  /// Before a socket is closed. (The close alone does not take one out that a child process has inherited, in the moment between
  /// fork and exec: its owner would be told of it when it is gone.)
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
