// A node's probe connection as health/server/node_probe keeps it: one kept connection that is asked again and again, a
// second one while the first does not answer. The simulator's stand-in for Asio sockets, not for the decision.
#pragma once

#include "health/mysql/source_watch.hpp"
#include "tests/sim/server.hpp"

namespace sengu::sim {

class Probe {
 public:
  struct Listener {
    std::function<void(const health::Observation&, const Reply&)> seen;
    Action connection_lost;
  };
  Probe(Timeline& timeline, Network& network, Actor& actor, Server& server, Duration timeout, Listener listener)
      : timeline_(timeline), network_(network), actor_(actor), server_(server), timeout_(timeout),
        listener_(std::move(listener)) {}
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  void probe();

 private:
  enum class Phase : std::uint8_t { connecting, asking, idle, overdue };
  struct Link {
    std::shared_ptr<Connection> connection;
    Phase phase = Phase::connecting;
    Time asked{};
    int questions = 0;
    bool in_use = false;  // it answered once
  };
  using Shared = std::shared_ptr<Link>;

  Shared open();
  void ask(Link& link);
  void watch(const Shared& link);
  void on_reply(const Shared& link, const Reply& reply);
  void on_gone(const Shared& link, Gone gone);
  void on_overdue(const Shared& link);
  void keep_side();
  void drop(Shared& link);
  void report(const Link& link, const Reply& reply);

  Timeline& timeline_;
  Network& network_;
  Actor& actor_;
  Server& server_;
  Duration timeout_;
  Listener listener_;
  health::mysql::SourceWatch watch_;
  Shared kept_;
  Shared side_;
};

}  // namespace sengu::sim
