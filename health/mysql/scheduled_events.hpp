// Reads the scheduled events of a server, and what sengu's user may do with them. Sends each statement through an
// `Ask`; knows neither threads nor sockets.
#pragma once

#include "health/mysql/dialect.hpp"
#include "health/mysql/table.hpp"
#include "health/server/server_node.hpp"

namespace sengu::health::mysql {

/// Asks for version, event_scheduler ("scheduler") and server_id ("server"); every flavour understands it.
const std::string& scheduler_statement();

struct EventsLook {
  EventsAnswer answer;    // its text is empty where the server did not answer
  bool outdated = false;  // the connection is older than the grant of EVENT, and is shown what was allowed at its login
};

/// A server takes global privileges at the login, while SHOW GRANTS tells them as they are by now (tried on MySQL 9.7
/// and MariaDB 10.11).
EventsLook look_at_events(const Ask& ask);

}  // namespace sengu::health::mysql
