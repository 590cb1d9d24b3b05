// The control thread's sign of life: each beat renews the lease under which workers pass bytes between clients and masters. Lives on the control
// thread. A process that was stopped and continued would else hand out what an old master had said before its control
// thread can look who is master now (RULES §3.7: 0.62 ms after SIGCONT).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>

#include "health/model/time.hpp"

namespace sengu::proxy {

class Pulse {
 public:
  struct Listener {
    /// This thread did not run for longer than `validity`: everything is to be looked at anew. Before the next renew.
    std::function<void()> stalled;
    /// What the workers were told so far holds until then.
    std::function<void(health::Time lease_end)> renew_lease;
  };
  /// A stall of ours, from which on what was seen is void (RULES §2.3).
  static constexpr std::chrono::milliseconds validity{1000};
  static constexpr std::chrono::milliseconds beat{200};

  Pulse(boost::asio::io_context& control, Listener listener);
  void start();
  void stop();

 private:
  void next();

  boost::asio::steady_timer timer_;
  const Listener listener_;
  health::Time last_{};
};

}  // namespace sengu::proxy
