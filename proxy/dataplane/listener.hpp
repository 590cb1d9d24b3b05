// One listening socket, in the ready set of one worker: accepts, checks limits and allow-list, hands each client to the
// worker with the fewest sessions. Where there is no descriptor left it tells them so on a spare one. Knows no route.
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
  /// `hand_over` takes the client to whichever worker suits; `pause` calls retry() after the back-off.
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
  /// Is another client to be accepted, now, after accept() failed so?
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
