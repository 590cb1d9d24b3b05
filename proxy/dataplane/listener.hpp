// One listening socket, in the ready set of one worker: accepts, checks limits and allow-list, hands each client to the
// worker with the fewest sessions. Without a free descriptor it accepts on a spare one and refuses. Knows no route.
#pragma once

#include <functional>

#include "proxy/dataplane/session.hpp"

namespace sengu::proxy {

struct ListenerSettings {
  health::GroupId group;
  ListenerRole role;
};

class Listener final : public Watched {
 public:
  /// `hand_over` gives the client to a worker; `pause` has retry() called after `back_off`.
  Listener(net::Fd socket, ListenerSettings settings, WorkerContext& context, std::function<void(Arrival)> hand_over,
           std::function<void(Listener&)> pause);

  void start();
  void stop();
  void ready(Peer peer, std::uint32_t events) override;
  /// The back-off is over.
  void retry();

  static constexpr std::chrono::milliseconds back_off{100};

 private:
  net::Fd accept(net::SocketAddress& from);
  /// accept() failed with `error`. True: the listener should call it again at once.
  bool goes_on_after(int error);
  bool refuse_on_spare(int error);
  void turn_away(const net::Fd& client, const net::SocketAddress& from);
  void wait();

  net::Fd socket_;
  ListenerSettings settings_;
  WorkerContext& context_;
  std::function<void(Arrival)> hand_over_;
  std::function<void(Listener&)> pause_;
};

}  // namespace sengu::proxy
