// A TCP connection from the proxy's host to a modelled server; the class is in redis_server.hpp.
#include "tests/sim/redis_server.hpp"

namespace sengu::sim {

Connection::Connection(Network& network, Actor& actor, RedisServer& server, Reader reader)
    : network_(network), actor_(actor), server_(server), reader_(std::move(reader)),
      there_{proxy_host, host_of(server.index())}, back_{host_of(server.index()), proxy_host} {}

std::shared_ptr<Connection> Connection::open(Network& network, Actor& actor, RedisServer& server, Reader reader) {
  const std::shared_ptr<Connection> connection(new Connection(network, actor, server, std::move(reader)));
  network.send(connection->there_, [connection] { connection->server_.accept(connection); });
  return connection;
}

void Connection::tell(Action step) {
  if (ended()) return;                     // its thread may be gone
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
    self->tell([self, reply] { const auto tell = self->reader_.reply; tell(reply); });
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

}  // namespace sengu::sim
