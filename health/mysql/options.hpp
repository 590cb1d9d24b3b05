// What one MySQL or MariaDB node is asked and told with: address, accounts, TLS, the liveness statement. Plain values,
// made from the settings by the factory of nodes.
#pragma once

#include <cstdint>
#include <string>

#include "config/base/types.hpp"
#include "config/settings.hpp"

namespace sengu::health::mysql {

/// The lock by which deciders see each other (RULES §7.3): a sengu that decides takes the lock, a sengu that only looks
/// asks for its holder.
enum class DecidersLock : std::uint8_t { take, look };

/// How a connection is made.
struct Login {
  Endpoint node;  // an IP address: names are resolved when the settings are loaded
  std::string username;
  Secret password;
  config::TlsPolicy tls;
  DecidersLock lock = DecidersLock::take;
};

struct NodeOptions {
  Login login;
  Milliseconds probe_timeout{500};
  std::string query = "SHOW DATABASES";  // health.query: asked beside the probe's own statements; empty: none
  std::string replication_username;      // the account by which a server without a source replicates
  Secret replication_password;
  config::SemiSync semi_sync = config::SemiSync::automatic;
  config::ScheduledEvents scheduled_events = config::ScheduledEvents::leave;
};

}  // namespace sengu::health::mysql
