// Asks one server who else is connected to it that may decide about it (RULES §7.3), and how it is set up, over a connection
// of its own: a long list then delays no probe. What the answers say is read by clients.hpp and settings.hpp. Control thread only.
#pragma once

#include <string>
#include <vector>

#include "config/base/types.hpp"
#include "health/redis/link.hpp"
#include "health/server/places.hpp"
#include "health/server/server_node.hpp"

namespace sengu::health::redis {

/// Asks `node` within `timeout` from `began` on (connect, AUTH, CLIENT LIST and CONFIG GET together; a list over 16 MiB, some 40,000 clients, is not
/// read), then calls `done` once, on the control thread, never from within. `own`: our other connections to it, as local_end().
/// `place` is held as long as the connection.
void ask_deciders(boost::asio::io_context& io, const Endpoint& node, const Credentials& credentials,
                  std::vector<std::string> own, Milliseconds timeout, DecidersCallback done,
                  Time began = Time::clock::now(), Places::Place place = {});

}  // namespace sengu::health::redis
