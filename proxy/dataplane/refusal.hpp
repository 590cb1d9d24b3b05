// What a refused client is told, in its own protocol. Pure.
#pragma once

#include <string>

#include "config/settings.hpp"
#include "health/model/reason.hpp"

namespace sengu::proxy {

/// Redis: one error line. MySQL: an ERR packet in place of the greeting. The packet has no SQL state, since client and
/// server have not agreed on any of the protocol's capabilities yet (MySQL's client would show a state as part of the
/// text). Its error is 1040 for too many connections, 1130 for an address that is not allowed, else 1053
/// (ER_SERVER_SHUTDOWN), which tells drivers that they may try the connection again. MariaDB's client refuses errors of
/// the client's own range (2003) as malformed. A client of a tcp group is told nothing.
/// `route` is the reason for which the route is not open, if it is not.
std::string refusal(const config::GroupSettings& group, health::Reason reason, health::Reason route);

}  // namespace sengu::proxy
