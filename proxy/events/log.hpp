// The log: one line per event or session to stderr, through a bounded queue to a thread of its own. A full queue drops
// the oldest lines and counts them: a slow terminal must never hold up a failover. Safe to call from every thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <spdlog/sinks/sink.h>

#include "config/settings.hpp"
#include "proxy/dataplane/session_end.hpp"
#include "proxy/events/history.hpp"

namespace sengu::proxy {

/// A session that ended, or a client that was refused.
struct LoggedSession {
  Endpoint client;
  std::string group;
  std::string node;  // empty where the client had no node
  std::uint64_t bytes_client_to_server = 0;
  std::uint64_t bytes_server_to_client = 0;
  std::chrono::milliseconds duration{};
  SessionEnd end = SessionEnd::finished;
  health::Reason reason = health::Reason::none;  // why it was parked, refused or cut; none: client or server ended it
};

/// The value of "session" in a JSON log line.
boost::json::object session_document(const LoggedSession& session);

class Log {
 public:
  static constexpr std::size_t queue_lines = 8192;

  /// To stderr.
  explicit Log(const config::LogSettings& settings);
  /// To a sink of the caller's: tests.
  Log(const config::LogSettings& settings, std::shared_ptr<spdlog::sinks::sink> sink);
  ~Log();  // writes what is queued, where that takes no more than a second

  void log_event(const RecordedEvent& event);
  void log_line(config::LogLevel level, std::string_view text);
  /// Writes every session it is given: the worker leaves out those that [log] sessions does not ask for (is_logged).
  void log_session(const LoggedSession& session);
  std::uint64_t dropped() const;
  /// Asks the log's thread to write out what it has; does not wait.
  void flush();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sengu::proxy
