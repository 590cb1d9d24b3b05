// Asks one server which other deciders are connected to it (RULES §7.3), and for its settings and abilities, over a
// connection of its own: a long list then delays no probe. clients.hpp, settings.hpp and abilities.hpp read the
// answers. Control thread only.
#pragma once

#include <string>
#include <vector>

#include "config/base/types.hpp"
#include "health/redis/link.hpp"
#include "health/server/places.hpp"
#include "health/server/server_node.hpp"

namespace sengu::health::redis {

/// Asks `node` within `timeout` from `began` on (connect, AUTH and all questions together; a list over 16 MiB, some
/// 40,000 clients, is not read), then calls `done` once, on the control thread, never from within. `own`:
/// our other connections to the node, as local_end(). `place` is held as long as the connection.
void ask_deciders(boost::asio::io_context& io, const Endpoint& node, const Credentials& credentials,
                  std::vector<std::string> own, Milliseconds timeout, DecidersCallback done,
                  Time began = Time::clock::now(), Places::Place place = {});

}  // namespace sengu::health::redis
