// Makes the nodes of one group, which speak to its servers in the protocol of the group's kind. Only this factory
// chooses between health/redis and health/mysql. Control thread only.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "config/settings.hpp"
#include "health/server/places.hpp"
#include "health/server/server_node.hpp"

namespace sengu::net {
class TlsContext;
}

namespace sengu::health {

/// Why this sengu asks the nodes. Other deciders recognize a sengu that decides by the name of its connections (Redis)
/// or by the lock that it holds (MySQL); they must not take a sengu that only looks for a decider.
enum class Purpose : std::uint8_t { decide, look };

/// Redis: sengu-<instance>-<group>, the name under which the servers and other deciders see this sengu.
std::string decider_name(const std::string& instance, const config::GroupSettings& settings);

class NodeFactory {
 public:
  /// `instance` names this proxy to Redis servers: CLIENT SETNAME decider_name(), with "check-" before it for
  /// Purpose::look.
  /// Throws net::TlsFileError where a file of the group's TLS is of no use. `io` and `settings` outlive the factory.
  /// `places`: for the connections of Redis nodes beside the kept ones; MySQL nodes have descriptors of their own.
  NodeFactory(boost::asio::io_context& io, const config::GroupSettings& settings, const std::string& instance,
              Purpose purpose, Places places = {});

  std::unique_ptr<ServerNode> make(NodeId id, ProbeCallbacks callbacks) const;

 private:
  std::unique_ptr<ServerNode> make_mysql(NodeId id, ProbeCallbacks callbacks) const;
  std::unique_ptr<ServerNode> make_redis(NodeId id, ProbeCallbacks callbacks) const;

  boost::asio::io_context& io_;
  const config::GroupSettings& settings_;
  const std::string decider_;
  const Purpose purpose_;
  const Places places_;
  std::shared_ptr<const net::TlsContext> tls_;
};

}  // namespace sengu::health
