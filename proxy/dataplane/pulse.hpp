// The control thread's sign of life: each beat renews the lease under which workers pass bytes between clients and
// masters. Without a lease, a process that was stopped and continued would hand out an old master's replies before its
// control thread can look which node is master now (RULES §3.7: 0.62 ms after SIGCONT). Lives on the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>

#include "health/model/time.hpp"

namespace sengu::proxy {

class Pulse {
 public:
  struct Listener {
    /// The control thread did not run for longer than `validity`: every group must look at its nodes anew. Called
    /// before the next renew_lease.
    std::function<void()> stalled;
    /// The tables that the workers were given so far hold until `lease_end`.
    std::function<void(health::Time lease_end)> renew_lease;
  };
  /// How long a lease lasts. After a longer stall of the control thread, earlier observations are void (RULES §2.3).
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
