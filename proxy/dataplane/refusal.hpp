// What a refused client is told, in its own protocol. Pure.
#pragma once

#include <string>

#include "config/settings.hpp"
#include "health/model/reason.hpp"

namespace sengu::proxy {

/// Redis: one error line. MySQL: an ERR packet in place of the greeting, without an SQL state, since none of the protocol's
/// capabilities are agreed upon yet (MySQL's client shows a state as part of the text): error 1040 for too many connections,
/// 1130 for an address that is not allowed, else 1053 (ER_SERVER_SHUTDOWN), which drivers take for a connection that may be
/// tried again. Errors of the client's own range (2003) are refused by MariaDB's as malformed. A tcp group has no words.
/// `route` is why the route is not open, where it is not.
std::string refusal(const config::GroupSettings& group, health::Reason reason, health::Reason route);

}  // namespace sengu::proxy
