// The edge-triggered epoll set of one worker. Every data socket and every listener is in it; Asio sees only the set
// itself, as one descriptor (performance.md §6, v1r). Knows neither Asio nor sessions; used by one thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "proxy/socket.hpp"

namespace sengu::proxy {

enum class Peer : std::uint8_t { client, server };

/// Who is told that a socket is ready. Must outlive the turn in which it closes its socket, since events of the same
/// batch may still name it.
class Watched {
 public:
  virtual void ready(Peer peer, std::uint32_t events) = 0;

 protected:
  ~Watched() = default;
};

/// What epoll carries: the owner and which of its two sockets. Part of the owner.
struct Watch {
  Watched* owner;
  Peer peer;
};

class ReadySet {
 public:
  ReadySet();  // throws std::system_error

  int fd() const { return epoll_.get(); }
  /// A data socket: edge-triggered, for reading, writing, hang-up and urgent data. False, with errno, where refused.
  [[nodiscard]] bool add(int fd, Watch& watch);
  /// A listener: level-triggered, so that a bounded number of accepts per turn loses none.
  [[nodiscard]] bool add_listener(int fd, Watch& watch);
  /// Only for a socket that stays open; a closed one leaves by itself.
  void remove(int fd);
  enum class Found : std::uint8_t { nothing, something };
  /// Tells the owners of all ready sockets, without blocking, and for a bounded number of rounds; for no other one while
  /// somebody `waits` for the thread (any thread may change it). Whoever calls it comes back when fd() is readable (again).
  Found turn(const std::atomic<int>& waits);

 private:
  Fd epoll_;
};

}  // namespace sengu::proxy
