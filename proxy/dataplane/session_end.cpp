// See session_end.hpp.
#include "proxy/dataplane/session_end.hpp"

namespace sengu::proxy {

std::string_view to_string(SessionEnd end) {
  switch (end) {
    case SessionEnd::finished: return "finished";
    case SessionEnd::left: return "left";
    case SessionEnd::client_reset: return "client_reset";
    case SessionEnd::server_reset: return "server_reset";
    case SessionEnd::refused: return "refused";
    case SessionEnd::cut: return "cut";
  }
  return "?";
}

bool is_logged(config::LogSessions which, SessionEnd end) {
  switch (which) {
    case config::LogSessions::all: return true;
    case config::LogSessions::errors: return end != SessionEnd::finished && end != SessionEnd::left;
    case config::LogSessions::none: return false;
  }
  return false;
}

}  // namespace sengu::proxy
