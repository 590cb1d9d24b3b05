// How a session ended, and which ends [log] sessions asks for. One rule for the worker that makes the record and for
// the log that writes it down.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/settings.hpp"

namespace sengu::proxy {

enum class SessionEnd : std::uint8_t {
  finished,      // both directions ended by themselves
  left,          // the client went away before it was connected
  client_reset,  // the client sent a RST or its connection broke; passed on to the server
  server_reset,  // the same, from the server's side
  refused,       // by us, with an answer where the protocol has one
  cut,           // by us, with a RST on both sides; an idle session in good order, unless bytes were waiting in it
};

/// The snake_case name, as in the log.
std::string_view to_string(SessionEnd end);

/// "errors" is every end but the two that a client brings about in good order.
bool is_logged(config::LogSessions which, SessionEnd end);

}  // namespace sengu::proxy
