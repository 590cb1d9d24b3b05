// What one MySQL or MariaDB node is asked and told with: address, accounts, TLS, the liveness statement. Plain values,
// made from the settings by whoever makes the node.
#pragma once

#include <cstdint>
#include <string>

#include "config/types.hpp"

namespace sengu::health::mysql {

/// prefer: TLS where the server offers it; require: TLS or nothing is sent; verify: and its certificate names this node.
enum class Tls : std::uint8_t { off, prefer, require, verify };

struct TlsPolicy {
  Tls mode = Tls::off;
  std::string ca_file;     // verify; empty: the system's
  std::string cert_file;   // our own, for a server that asks; empty: none
  std::string key_file;
};

/// automatic: the source's side is on where a master is and off on replicas, on servers that are semi-sync replicas.
enum class SemiSyncPolicy : std::uint8_t { automatic, off };

/// How a connection is made.
struct Login {
  Endpoint node;           // an IP address: names are resolved when the settings are loaded
  std::string username;
  Secret password;
  TlsPolicy tls;
};

struct NodeOptions {
  Login login;
  Milliseconds probe_timeout{500};
  std::string query = "SHOW DATABASES";   // health.query: asked beside the probe's own statements; empty: none
  std::string replication_username;       // what a server without a source replicates with
  Secret replication_password;
  SemiSyncPolicy semi_sync = SemiSyncPolicy::automatic;
};

}  // namespace sengu::health::mysql
