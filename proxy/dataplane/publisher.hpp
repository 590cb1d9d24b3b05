// Publishes routes: each change makes one immutable table, which every worker is handed and acknowledges. If a worker
// does not answer, the publisher ends the process, whose death is the cut (RULES §3.4). Lives on the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <memory>
#include <span>

#include "proxy/dataplane/worker.hpp"

namespace sengu::proxy {

/// A table in which every group is still closed (reason `starting`).
std::shared_ptr<const RoutingTable> first_table(const health::ConfiguredGroups& groups);

/// How long the workers have to acknowledge, and what happens when one of them does not. Tests change it.
struct AckLimit {
  Milliseconds time{2000};                            // for all acknowledgements of one table
  std::function<void(std::string_view what)> missed;  // empty: says it on stderr and aborts
};

class Publisher final : public health::RoutePublisher {
 public:
  /// The workers must outlive the publisher. A worker that is started later takes over the tables published so far
  /// before it accepts a client; the time of `limit` runs meanwhile.
  Publisher(boost::asio::io_context& control, std::span<const std::unique_ptr<Worker>> workers,
            std::shared_ptr<const RoutingTable> first, AckLimit limit = {});

  void publish(health::GroupId group, const health::Route& route, std::function<void()> acknowledged) override;
  /// The workers are about to end: an acknowledgement that is missing now will never come, and that is no fault.
  void retire();

 private:
  struct Waiting {
    std::uint64_t serial;
    health::GroupId group;
    std::size_t missing;  // workers that have not answered
    health::Time deadline;
    std::function<void()> acknowledged;
  };

  void answered(std::uint64_t serial);
  void arm();
  void check();

  boost::asio::io_context& control_;
  std::span<const std::unique_ptr<Worker>> workers_;
  std::shared_ptr<const RoutingTable> table_;
  AckLimit limit_;
  boost::asio::steady_timer timer_;
  std::deque<Waiting> waiting_;  // by serial
};

}  // namespace sengu::proxy
