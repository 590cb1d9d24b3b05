// A TCP connection from the proxy's host to a modelled server, and how a server takes it; the classes are in
// server.hpp.
#include "tests/sim/server.hpp"

namespace sengu::sim {

Connection::Connection(Network& network, Actor& actor, Server& server, Reader reader)
    : network_(network), actor_(actor), server_(server),
      reader_(std::move(reader)), there_{proxy_host, host_of(server.index())}, back_{host_of(server.index()),
                                                                                     proxy_host} {}

std::shared_ptr<Connection> Connection::open(Network& network, Actor& actor, Server& server, Reader reader) {
  const std::shared_ptr<Connection> connection(new Connection(network, actor, server, std::move(reader)));
  network.send(connection->there_, [connection] { connection->server_.accept(connection); });
  return connection;
}

void Connection::tell(Action step) {
  if (ended()) return;  // its thread may be gone
  actor_.run([self = shared_from_this(), step = std::move(step)] {
    if (!self->ended()) step();
  });
}

void Connection::send(const Request& request) {
  network_.send(there_, [self = shared_from_this(), request] { self->server_.take(self, request); });
}

void Connection::reset() {
  reader_ = {};
  network_.send(there_, [self = shared_from_this()] { self->reset_seen_ = true; });
}

void Connection::answer(const Reply& reply) {
  network_.send(back_, [self = shared_from_this(), reply] {
    self->tell([self, reply] {
      const auto tell = self->reader_.reply;
      tell(reply);
    });
  });
}

void Connection::close_from_server() {
  const bool accepted = std::exchange(life_, -1) > 0;
  network_.send(back_, [self = shared_from_this(), accepted] {
    self->tell([self, accepted] {
      const auto gone = std::move(self->reader_.gone);
      self->reader_ = {};
      gone(accepted ? Gone::closed : Gone::refused);
    });
  });
}

// --- Server ---

void Server::kill() {
  if (!running_) return;
  running_ = false;
  killed_ = cluster_.timeline.now();
  actor_.die();
  for (const auto& weak : std::exchange(connections_, {})) {
    if (const auto connection = weak.lock()) connection->close_from_server();
  }
  forget();
}

void Server::kill_clients(const Connection* except) {
  for (const auto& weak : std::exchange(connections_, {})) {
    const auto connection = weak.lock();
    if (!connection) continue;
    if (connection.get() == except) {
      connections_.push_back(connection);
    } else {
      connection->close_from_server();
    }
  }
}

void Server::accept(const std::shared_ptr<Connection>& connection) {
  if (!running_) return connection->close_from_server();
  connection->life_ = life_;
  std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
  connections_.push_back(connection);
  cluster_.network.send(connection->back_, [connection] {
    connection->tell([connection] {
      const auto tell = connection->reader_.connected;
      tell();
    });
  });
}

void Server::take(const std::shared_ptr<Connection>& connection, const Request& request) {
  if (!running_ || !stands(*connection)) return;
  actor_.run([this, connection, request] {
    if (stands(*connection) || (connection->life_ == life_ && reads_what_was_reset())) execute(connection, request);
  });
}

void Server::answer(const std::shared_ptr<Connection>& connection, const Reply& reply) const {
  if (connection->life_ == life_) connection->answer(reply);
}

}  // namespace sengu::sim
