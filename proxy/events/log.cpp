// See log.hpp. spdlog carries the lines; their form is ours, so that each stays one line whatever text a server sent.
#include "proxy/events/log.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <future>
#include <thread>

#include "config/base/printable.hpp"
#include "proxy/events/documents.hpp"
#include "proxy/view/documents.hpp"
#include "proxy/view/wall_time.hpp"

namespace sengu::proxy {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds patience_at_end{1};

spdlog::level::level_enum level_of(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug: return spdlog::level::debug;
    case config::LogLevel::info: return spdlog::level::info;
    case config::LogLevel::warning: return spdlog::level::warn;
    case config::LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view name_of(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug: return "debug";
    case config::LogLevel::info: return "info";
    case config::LogLevel::warning: return "warning";
    case config::LogLevel::error: return "error";
  }
  return "info";
}

std::string text_line(WallTime time, config::LogLevel level, std::string_view text) {
  return fmt::format("{} {:<7} {}", to_rfc3339(time), name_of(level), printable(text));
}

std::string session_text(const LoggedSession& session) {
  return fmt::format("session client={} group={} node={} bytes_in={} bytes_out={} duration={}ms end={} reason={}",
                     sengu::to_string(session.client), session.group, session.node.empty() ? "-" : session.node,
                     session.bytes_client_to_server, session.bytes_server_to_client, session.duration.count(),
                     to_string(session.end), to_string(session.reason));
}

}  // namespace

json::object session_document(const LoggedSession& session) {
  return {{"client", sengu::to_string(session.client)},
          {"group", session.group},
          {"node", session.node.empty() ? json::value(nullptr) : json::value(session.node)},
          {"bytes_client_to_server", session.bytes_client_to_server},
          {"bytes_server_to_client", session.bytes_server_to_client},
          {"duration_ms", session.duration.count()},
          {"end", to_string(session.end)},
          {"reason", to_string(session.reason)}};
}

struct Log::State {
  config::LogSettings settings;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;

  bool wants(config::LogLevel level) const { return logger->should_log(level_of(level)); }
  void write(config::LogLevel level, const std::string& line) {
    logger->log(level_of(level), spdlog::string_view_t(line));
  }
};

Log::Log(const config::LogSettings& settings) : Log(settings, std::make_shared<spdlog::sinks::stderr_sink_mt>()) {}

Log::Log(const config::LogSettings& settings, std::shared_ptr<spdlog::sinks::sink> sink)
    : state_(std::make_unique<State>()) {
  state_->settings = settings;
  state_->pool = std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
  sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  state_->logger = std::make_shared<spdlog::async_logger>("sengu", std::move(sink), state_->pool,
                                                          spdlog::async_overflow_policy::overrun_oldest);
  state_->logger->set_level(level_of(settings.level));
  state_->logger->flush_on(spdlog::level::warn);
}

/// The pool's destructor writes the queue out and joins the log's thread. If nothing reads the pipe behind stderr, the
/// log's thread is stuck in a write. It must not keep a process alive that was told to stop, so it is left behind.
Log::~Log() {
  state_->logger->flush();
  std::promise<void> written;
  std::future<void> all = written.get_future();
  std::thread closing([pool = std::move(state_->pool), written = std::move(written)]() mutable {
    pool.reset();
    written.set_value();
  });
  if (all.wait_for(patience_at_end) == std::future_status::ready) closing.join();
  else closing.detach();
}

void Log::log_event(const RecordedEvent& event) {
  const auto level = health::is_warning(event.kind) ? config::LogLevel::warning : config::LogLevel::info;
  if (!state_->wants(level)) return;
  if (state_->settings.format == config::LogFormat::json) {
    auto document = event_document(event);
    document["level"] = name_of(level);
    return state_->write(level, json::serialize(document));
  }
  auto text = fmt::format("{} {}", to_string(event.kind), event.text);
  if (event.reason != health::Reason::none) text += fmt::format(" [{}]", to_string(event.reason));
  state_->write(level, text_line(event.time, level, text));
}

void Log::log_line(config::LogLevel level, std::string_view text) {
  if (!state_->wants(level)) return;
  const auto now = std::chrono::system_clock::now();
  if (state_->settings.format == config::LogFormat::text) return state_->write(level, text_line(now, level, text));
  const json::object document{{"time", to_rfc3339(now)}, {"level", name_of(level)}, {"text", printable(text)}};
  state_->write(level, json::serialize(document));
}

void Log::log_session(const LoggedSession& session) {
  if (!state_->wants(config::LogLevel::info)) return;
  const auto now = std::chrono::system_clock::now();
  if (state_->settings.format == config::LogFormat::text)
    return state_->write(config::LogLevel::info, text_line(now, config::LogLevel::info, session_text(session)));
  const json::object document{{"time", to_rfc3339(now)}, {"level", "info"}, {"session", session_document(session)}};
  state_->write(config::LogLevel::info, json::serialize(document));
}

std::uint64_t Log::dropped() const { return state_->pool->overrun_counter(); }

void Log::flush() { state_->logger->flush(); }

}  // namespace sengu::proxy
