// What the control side counts for metrics: probes, failovers, how late its own timers are. Fed by the monitor's
// measurements and by the events; knows no socket. Control thread only.
#pragma once

#include <vector>

#include "health/ports.hpp"
#include "proxy/operations.hpp"

namespace sengu::proxy {

void count(DurationHistogram& histogram, health::Duration duration);

class Measurements final : public health::MeasurementSink {
 public:
  explicit Measurements(std::size_t groups) : groups_(groups) {}

  void probed(health::GroupId group, health::NodeId node, const health::Observation& seen) override;
  void timer_late(health::Duration by) override { count(control_loop_delay_, by); }
  /// Failovers are counted from the events that everybody sees: +try-failover begins one, +switch-master or
  /// -failover-abort* ends it.
  void take_event(health::GroupId group, const health::Event& event, health::Time now);

  const GroupCounts& of(health::GroupId group) const { return groups_[index(group)].counts; }
  const DurationHistogram& control_loop_delay() const { return control_loop_delay_; }

 private:
  struct Group {
    GroupCounts counts;
    std::optional<health::Time> failover_began;
    health::Reason failover_reason = health::Reason::none;
  };

  std::vector<Group> groups_;
  DurationHistogram control_loop_delay_;
};

}  // namespace sengu::proxy
