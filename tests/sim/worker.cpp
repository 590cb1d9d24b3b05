#include "tests/sim/worker.hpp"

#include <algorithm>

namespace sengu::sim {

using namespace std::chrono_literals;
using health::RouteState;

Worker::Worker(const Ports& ports, std::shared_ptr<const proxy::RoutingTable> first)
    : ports_(ports), table_(std::move(first)) {}

Worker::~Worker() {
  while (!sessions_.empty()) end(sessions_.front());
}

void Worker::take_table(std::shared_ptr<const proxy::RoutingTable> table, Action acknowledge) {
  actor_.run([this, table = std::move(table), acknowledge = std::move(acknowledge)] {
    table_ = table;
    const auto sessions = sessions_;
    for (const Shared& session : sessions) {
      if (session->server && !session->connected && !still_wanted(*session)) {
        std::exchange(session->server, nullptr)->reset();  // back into the queue: nothing was sent yet
      }
      if (!session->server) {
        seek(session);  // parked
      } else if (!proxy::allowed(session->tag, *table_)) {
        end(session);
      } else {
        flush(session);
      }
    }
    acknowledge();
  });
}

void Worker::take_route_until(Time until) {
  actor_.run([this, until] {
    route_until_ = until;
    for (const Shared& session : sessions_) flush(session);
  });
}

void Worker::accept(std::weak_ptr<ClientEnd> client) {
  actor_.run([this, client = std::move(client)] {
    const auto session = std::make_shared<Session>();
    session->client = client;
    sessions_.push_back(session);
    seek(session);
  });
}

bool Worker::still_wanted(const Session& session) const {
  return route().state == RouteState::open && route().epoch == session.tag.epoch;
}

/// Open: connect under the route's epoch. Held: stay parked. Closed: refused.
void Worker::seek(const Shared& session) {
  if (route().state == RouteState::closed) return end(session);
  if (route().state == RouteState::held) return;
  session->tag.epoch = route().epoch;
  session->tag.node = *route().master;
  auto& server = *ports_.servers[health::index(*route().master)];
  const std::weak_ptr<Session> weak = session;
  Connection::Reader reader{[this, weak] {
                              if (const auto alive = weak.lock()) connected(alive);
                            },
                            [this, weak](const Reply& reply) {
                              if (const auto alive = weak.lock()) relay(alive, reply);
                            },
                            [this, weak](Gone) {
                              if (const auto alive = weak.lock()) end(alive);
                            }};
  session->server = Connection::open(ports_.network, actor_, server, std::move(reader));
}

void Worker::connected(const Shared& session) {
  session->connected = true;
  flush(session);
}

bool Worker::may_relay(const Session& session) const {
  return ports_.timeline.now() <= route_until_ && proxy::may_relay(session.tag, *table_);
}

/// What had to wait, in both directions.
void Worker::flush(const Shared& session) {
  if (!session->connected || !may_relay(*session)) return;
  for (const WriteId write : std::exchange(session->early, {})) session->server->send({Request::Kind::set, write});
  for (const Reply& reply : std::exchange(session->late, {})) pass_on(*session, reply);
}

void Worker::pass_on(const Session& session, const Reply& reply) {
  const auto client = session.client.lock();
  if (!client) return;
  ports_.relays(session.tag.epoch, static_cast<int>(health::index(session.tag.node)), reply);
  ports_.timeline.after(20us, [client, reply] { client->on_reply(reply); });
}

/// Read, then written: a fault may stop the thread in between.
void Worker::relay(const Shared& session, const Reply& reply) {
  actor_.run([this, weak = std::weak_ptr(session), reply] {
    const auto alive = weak.lock();
    if (!alive) return;
    alive->late.push_back(reply);
    flush(alive);
  });
}

void Worker::client_sends(const std::shared_ptr<ClientEnd>& client, WriteId write) {
  actor_.run([this, client, write] {
    const Shared session = find(client);
    if (!session) return;
    session->early.push_back(write);
    flush(session);
  });
}

void Worker::client_leaves(const std::shared_ptr<ClientEnd>& client) {
  actor_.run([this, client] {
    if (const Shared session = find(client)) end(session);
  });
}

int Worker::live_sessions() const {
  return static_cast<int>(std::count_if(sessions_.begin(), sessions_.end(),
                                        [](const Shared& session) { return session->server != nullptr; }));
}

void Worker::end(const Shared& session) {
  const Shared ended = session;
  std::erase(sessions_, ended);
  if (ended->server) ended->server->reset();
  if (const auto client = ended->client.lock()) ports_.timeline.after(20us, [client] { client->on_end(); });
}

Worker::Shared Worker::find(const std::shared_ptr<ClientEnd>& client) const {
  for (const Shared& session : sessions_) {
    if (session->client.lock() == client) return session;
  }
  return nullptr;
}

}  // namespace sengu::sim
