// The log: one line each, valid JSON, what is dropped is counted.
#include "proxy/events/log.hpp"

#include <condition_variable>
#include <mutex>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <spdlog/sinks/base_sink.h>

using namespace sengu;
using namespace sengu::proxy;

namespace {

/// Keeps the lines; can be made to block, so that the queue fills.
class Lines : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::vector<std::string> lines;
  void block() {
    const std::lock_guard lock(gate_mutex_);
    blocked_ = true;
  }
  void unblock() {
    {
      const std::lock_guard lock(gate_mutex_);
      blocked_ = false;
    }
    gate_.notify_all();
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    {
      std::unique_lock lock(gate_mutex_);
      gate_.wait(lock, [this] { return !blocked_; });
    }
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    lines.emplace_back(text.data(), text.size());
  }
  void flush_() override {}

 private:
  std::mutex gate_mutex_;
  std::condition_variable gate_;
  bool blocked_ = false;
};

RecordedEvent an_event() {
  RecordedEvent event;
  event.id = 1;
  event.kind = health::EventKind::switch_master;
  event.group = "sessions";
  event.text = "sessions \"10.0.0.1\"\n\x01\xff";
  return event;
}

}  // namespace

TEST_CASE("log: text") {
  const auto sink = std::make_shared<Lines>();
  {
    Log log({}, sink);
    log.log_event(an_event());
    log.log_line(config::LogLevel::debug, "hidden");
    log.log_line(config::LogLevel::error, "two\nlines");
    LoggedSession session;
    session.client = {"10.9.9.9", 4000};
    session.group = "sessions";
    session.end = SessionEnd::server_reset;  // an error without a reason of ours
    log.log_session(session);
    CHECK(log.dropped() == 0);
  }
  REQUIRE(sink->lines.size() == 3);
  CHECK(sink->lines[0] == "1970-01-01T00:00:00.000Z warning +switch-master sessions \"10.0.0.1\"???\n");
  CHECK(sink->lines[1].ends_with("error   two?lines\n"));
  CHECK(sink->lines[2].find("client=10.9.9.9:4000 group=sessions node=- bytes_in=0") != std::string::npos);
  CHECK(sink->lines[2].ends_with("end=server_reset reason=none\n"));
}

TEST_CASE("log: JSON") {
  const auto sink = std::make_shared<Lines>();
  {
    config::LogSettings settings;
    settings.format = config::LogFormat::json;
    settings.sessions = config::LogSessions::all;
    Log log(settings, sink);
    log.log_event(an_event());
    log.log_line(config::LogLevel::info, "a \"quoted\" \x80 text");
    log.log_session({});
  }
  REQUIRE(sink->lines.size() == 3);
  const auto event = boost::json::parse(sink->lines[0]).as_object();
  CHECK(event.at("event") == "+switch-master");
  CHECK(event.at("level") == "warning");
  CHECK(event.at("text") == "sessions \"10.0.0.1\"???");
  CHECK(boost::json::parse(sink->lines[1]).as_object().at("text") == "a \"quoted\" ? text");
  const auto session = boost::json::parse(sink->lines[2]).as_object().at("session").as_object();
  CHECK(session.at("node").is_null());
  CHECK(session.at("end") == "finished");
}

TEST_CASE("log: a full queue drops and counts, and never waits") {
  const auto sink = std::make_shared<Lines>();
  Log log({}, sink);
  sink->block();
  for (std::size_t i = 0; i < Log::queue_lines + 100; ++i) log.log_line(config::LogLevel::info, "line");
  CHECK(log.dropped() >= 99);
  sink->unblock();
}

TEST_CASE("log: a reader that stands still keeps no log alive that is to end") {
  const auto sink = std::make_shared<Lines>();
  sink->block();
  const auto began = std::chrono::steady_clock::now();
  {
    Log log({}, sink);
    for (std::size_t i = 0; i < Log::queue_lines + 100; ++i) log.log_line(config::LogLevel::info, "line");
  }
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));
  sink->unblock();
}
