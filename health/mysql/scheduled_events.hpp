// Reads the scheduled events of a server, and what sengu's user may do with them. Sends each statement through an
// `Ask`; knows neither threads nor sockets.
#pragma once

#include "config/settings.hpp"
#include "health/mysql/dialect.hpp"
#include "health/mysql/table.hpp"
#include "health/server/server_node.hpp"

namespace sengu::health::mysql {

/// Asks for version, event_scheduler ("scheduler") and server_id ("server"); every flavour understands it.
const std::string& scheduler_statement();

/// The connection must be younger than the grants: a server takes global privileges at the login (tried on both). What
/// only `follow` needs is named where `policy` is that. The text of a failure is empty where the server did not answer.
EventsAnswer look_at_events(const Ask& ask, config::ScheduledEvents policy);

}  // namespace sengu::health::mysql
