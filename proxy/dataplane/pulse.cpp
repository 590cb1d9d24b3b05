#include "proxy/dataplane/pulse.hpp"

#include <utility>

namespace sengu::proxy {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Pulse::Pulse(boost::asio::io_context& control, Listener listener) : timer_(control), listener_(std::move(listener)) {}

void Pulse::start() {
  last_ = Clock::now();
  next();
}

void Pulse::stop() { timer_.cancel(); }

/// The routes that `stalled` publishes reach each worker before the renewal does.
void Pulse::next() {
  const health::Time now = Clock::now();
  if (now - last_ > validity) listener_.stalled();
  last_ = now;
  listener_.renew_lease(now + validity);
  timer_.expires_at(now + beat);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) next();
  });
}

}  // namespace sengu::proxy
