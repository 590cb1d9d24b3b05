// Asks one server for its scheduled events, over a connection and on a thread of the question's own, with one deadline.
// Control thread only.
#pragma once

#include <boost/asio/io_context.hpp>

#include "health/mysql/options.hpp"
#include "health/server/server_node.hpp"

namespace sengu::health::mysql {

/// Calls `done` once, on the control thread, never from within: with what the server told within `timeout` from now
/// (connect and login included), or without events.
void ask_for_events(boost::asio::io_context& io, const NodeOptions& options, Milliseconds timeout, EventsCallback done);

}  // namespace sengu::health::mysql
