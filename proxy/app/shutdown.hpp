// How the program ends: /readyz says 503 for stop_delay, the listeners close, sessions have stop_grace to end by
// themselves, then everything ends. A second signal ends it at once. Control thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/settings.hpp"
#include "health/model/time.hpp"
#include "proxy/events/log.hpp"

namespace sengu::proxy {

class Shutdown {
 public:
  enum class Life : std::uint8_t { running, stopping, ended };
  struct Steps {
    std::function<void()> stop_accepting;
    std::function<std::size_t()> sessions;  // clients that are connected
    std::function<void()> end;              // called once
  };

  /// `io`, `settings` and `log` must outlive this object.
  Shutdown(boost::asio::io_context& io, const config::ProxySettings& settings, Log& log, Steps steps);
  /// SIGTERM or SIGINT came.
  void on_signal();
  Life life() const { return life_; }

 private:
  void begin();
  void stop_listening();
  void wait_for_sessions(health::Time deadline);
  void end();

  boost::asio::steady_timer timer_;
  const config::ProxySettings& settings_;
  Log& log_;
  const Steps steps_;
  Life life_ = Life::running;
};

}  // namespace sengu::proxy
