// Makes the nodes that speak to the servers of one group, by its kind. Nothing else knows which kinds there are. Control thread
// only.
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

/// What the nodes are asked for. Who decides is known to others that decide, by the name of its connections (Redis) or the lock
/// that it holds (MySQL); who only looks must not be taken for one of them.
enum class Purpose : std::uint8_t { decide, look };

/// Redis: sengu-<instance>-<group>, whom the servers, and others that decide, see.
std::string decider_name(const std::string& instance, const config::GroupSettings& settings);

class NodeFactory {
 public:
  /// `instance` names this proxy to the servers of Redis: CLIENT SETNAME decider_name(), of who looks with "check-" before it.
  /// Throws net::TlsFileError where a file of the group's TLS is of no use. `io` and `settings` outlive it.
  /// `places`: for what the nodes of Redis do beside their kept connections; those of MySQL have descriptors of their own.
  NodeFactory(boost::asio::io_context& io, const config::GroupSettings& settings, const std::string& instance, Purpose purpose,
              Places places = {});

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
