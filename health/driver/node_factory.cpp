#include "health/driver/node_factory.hpp"

#include <utility>

#include "config/base/assert.hpp"
#include "health/mysql/node.hpp"
#include "health/net/tls.hpp"
#include "health/redis/node.hpp"

namespace sengu::health {

std::string decider_name(const std::string& instance, const config::GroupSettings& settings) {
  return redis::client_name(instance, settings.name);
}

NodeFactory::NodeFactory(boost::asio::io_context& io, const config::GroupSettings& settings,
                         const std::string& instance, Purpose purpose, Places places)
    : io_(io), settings_(settings), decider_(decider_name(instance, settings)), purpose_(purpose),
      places_(std::move(places)), tls_(net::load_tls(settings.tls)) {}

std::unique_ptr<ServerNode> NodeFactory::make(NodeId id, ProbeCallbacks callbacks) const {
  switch (settings_.kind) {
    case config::Kind::redis: return make_redis(id, std::move(callbacks));
    case config::Kind::mysql: return make_mysql(id, std::move(callbacks));
    case config::Kind::tcp: break;  // the configuration refuses it
  }
  SENGU_ASSERT(false);
  return nullptr;
}

std::unique_ptr<ServerNode> NodeFactory::make_mysql(NodeId id, ProbeCallbacks callbacks) const {
  const auto lock = purpose_ == Purpose::decide ? mysql::DecidersLock::take : mysql::DecidersLock::look;
  mysql::NodeOptions options{
      {settings_.nodes[index(id)].address, settings_.username, settings_.password, settings_.tls, lock},
      settings_.health.timeout,
      settings_.health.query,
      settings_.replication_username,
      settings_.replication_password,
      settings_.semi_sync,
      settings_.scheduled_events};
  return std::make_unique<mysql::MySqlNode>(io_, std::move(options), std::move(callbacks));
}

std::unique_ptr<ServerNode> NodeFactory::make_redis(NodeId id, ProbeCallbacks callbacks) const {
  const std::string name = purpose_ == Purpose::decide ? decider_ : "check-" + decider_;
  redis::NodeOptions options{settings_.nodes[index(id)].address,
                             {settings_.username, settings_.password, name, tls_},
                             settings_.health.timeout,
                             places_};
  return std::make_unique<redis::RedisNode>(io_, std::move(options), std::move(callbacks));
}

}  // namespace sengu::health
