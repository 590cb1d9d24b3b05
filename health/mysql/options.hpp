// What one MySQL or MariaDB node is asked and told with: address, accounts, TLS, the liveness statement. Plain values,
// made from the settings by whoever makes the node.
#pragma once

#include <string>

#include "config/settings.hpp"
#include "config/types.hpp"

namespace sengu::health::mysql {

/// How a connection is made.
struct Login {
  Endpoint node;           // an IP address: names are resolved when the settings are loaded
  std::string username;
  Secret password;
  config::TlsPolicy tls;
};

struct NodeOptions {
  Login login;
  Milliseconds probe_timeout{500};
  std::string query = "SHOW DATABASES";   // health.query: asked beside the probe's own statements; empty: none
  std::string replication_username;       // what a server without a source replicates with
  Secret replication_password;
  config::SemiSync semi_sync = config::SemiSync::automatic;
};

}  // namespace sengu::health::mysql
