// One line per group in the log after the start, once every node has answered or had its time: what a failover would
// find. A few groups at a time, in their order: there may be thousands. Control thread only.
#pragma once

#include <cstddef>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "health/model/groups.hpp"
#include "health/model/status.hpp"
#include "proxy/events/log.hpp"

namespace sengu::proxy {

class StartSummary {
 public:
  using Status = std::function<health::GroupStatus(health::GroupId)>;

  /// `io`, `log` and `groups` must outlive this object.
  StartSummary(boost::asio::io_context& io, Log& log, const health::ConfiguredGroups& groups, Status status);
  void begin();
  void cancel() { timer_.cancel(); }

 private:
  void go_on();
  void write(const config::GroupSettings& group, const health::GroupStatus& status);

  boost::asio::steady_timer timer_;
  Log& log_;
  const health::ConfiguredGroups& groups_;
  const Status status_;
  health::Time due_{};       // then a node that has not answered is no longer waited for
  std::size_t written_ = 0;  // groups
};

}  // namespace sengu::proxy
