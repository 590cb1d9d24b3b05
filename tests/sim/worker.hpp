// A worker of the data plane in the simulator: sessions, parked clients, tables that arrive in order with everything
// else it does. It obeys the real rule, proxy::allowed(session, table).
#pragma once

#include <list>

#include "proxy/dataplane/routing_table.hpp"
#include "tests/sim/server.hpp"

namespace sengu::sim {

/// A client's connection to the proxy. The client lives on the proxy's host, and its path is never cut.
class ClientEnd {
 public:
  virtual ~ClientEnd() = default;
  virtual void on_reply(const Reply& reply) = 0;
  virtual void on_end() = 0;
};

class Worker {
 public:
  struct Ports {
    Timeline& timeline;
    Network& network;
    std::vector<std::unique_ptr<Server>>& servers;
    /// A reply of `server` under `epoch` is about to be written to a client.
    std::function<void(health::Epoch epoch, int server, const Reply& reply)> relays;
  };
  Worker(const Ports& ports, std::shared_ptr<const proxy::RoutingTable> first);
  ~Worker();

  Actor& actor() { return actor_; }
  /// From the control thread: takes the table, cuts, and then calls `acknowledge` on this thread.
  void take_table(std::shared_ptr<const proxy::RoutingTable> table, Action acknowledge);
  /// From the control thread: what it was told so far holds until then.
  void take_route_until(Time until);
  /// A client connects. Ends are told after the step.
  void accept(std::weak_ptr<ClientEnd> client);
  void client_sends(const std::shared_ptr<ClientEnd>& client, WriteId write);
  void client_leaves(const std::shared_ptr<ClientEnd>& client);
  /// Sessions that could still pass bytes of a master.
  int live_sessions() const;

 private:
  struct Session {
    std::weak_ptr<ClientEnd> client;
    std::vector<WriteId> early;  // of the client, not passed on yet
    std::vector<Reply> late;     // of the server, not passed on yet
    std::shared_ptr<Connection> server;
    bool connected = false;
    proxy::SessionTag tag{health::GroupId{0}, health::NodeId{0}, 0, 0};
  };
  using Shared = std::shared_ptr<Session>;

  const health::Route& route() const { return table_->groups[0].route; }
  bool still_wanted(const Session& session) const;
  void seek(const Shared& session);
  void connected(const Shared& session);
  void relay(const Shared& session, const Reply& reply);
  bool may_relay(const Session& session) const;
  void flush(const Shared& session);
  void pass_on(const Session& session, const Reply& reply);
  void end(const Shared& session);
  Shared find(const std::shared_ptr<ClientEnd>& client) const;

  Ports ports_;
  Actor actor_;
  std::shared_ptr<const proxy::RoutingTable> table_;
  Time route_until_{};
  std::list<Shared> sessions_;
};

}  // namespace sengu::sim
