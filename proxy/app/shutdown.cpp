#include "proxy/app/shutdown.hpp"

#include <utility>

#include <fmt/format.h>

namespace sengu::proxy {
namespace {

constexpr std::chrono::milliseconds drain_poll{20};

}  // namespace

Shutdown::Shutdown(boost::asio::io_context& io, const config::ProxySettings& settings, Log& log, Steps steps)
    : timer_(io), settings_(settings), log_(log), steps_(std::move(steps)) {}

void Shutdown::on_signal() {
  if (life_ == Life::running) begin();
  else end();  // a second signal: no more patience
}

void Shutdown::begin() {
  life_ = Life::stopping;
  log_.log_line(config::LogLevel::info, "stopping: /readyz says 503");
  timer_.expires_after(settings_.stop_delay);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) stop_listening();
  });
}

void Shutdown::stop_listening() {
  steps_.stop_accepting();
  log_.log_line(config::LogLevel::info,
                fmt::format("stopping: listeners closed, {} session(s) left", steps_.sessions()));
  wait_for_sessions(health::Time::clock::now() + settings_.stop_grace);
}

void Shutdown::wait_for_sessions(health::Time deadline) {
  if (steps_.sessions() == 0 || health::Time::clock::now() >= deadline) return end();
  timer_.expires_after(drain_poll);
  timer_.async_wait([this, deadline](const boost::system::error_code& error) {
    if (!error) wait_for_sessions(deadline);
  });
}

void Shutdown::end() {
  if (std::exchange(life_, Life::ended) == Life::ended) return;
  timer_.cancel();
  steps_.end();
}

}  // namespace sengu::proxy
