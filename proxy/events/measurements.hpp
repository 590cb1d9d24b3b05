// What the control side counts for metrics: probes, failovers, how late its own timers are. Fed by the groups'
// measurements and by the events; knows no socket. Control thread only.
#pragma once

#include <vector>

#include "health/model/ports.hpp"
#include "proxy/view/snapshot.hpp"
#include "proxy/view/wall_time.hpp"

namespace sengu::proxy {

void count(DurationHistogram& histogram, health::Duration duration);

class Measurements final : public health::MeasurementSink {
 public:
  explicit Measurements(std::size_t groups) : groups_(groups) {}

  void probed(health::GroupId group, health::NodeId node, const health::Observation& seen) override;
  void timer_late(health::Duration by) override { count(control_loop_delay_, by); }
  /// Failovers are counted from the events that operators see: +try-failover begins a failover, +promoted-slave or
  /// -failover-abort* ends it. `now` and `wall` are the same instant. Durations are taken from `now` alone. `wall` is
  /// kept as the time of +switch-master, so that a later step of the wall clock does not move it.
  void take_event(health::GroupId group, const health::Event& event, health::Time now, WallTime wall);

  const GroupCounts& of(health::GroupId group) const { return groups_[index(group)].counts; }
  const DurationHistogram& control_loop_delay() const { return control_loop_delay_; }

 private:
  struct Failover {
    health::Time began{};
    health::Reason cause = health::Reason::none;
  };
  struct Group {
    GroupCounts counts;
    std::optional<Failover> failover;  // since its +try-failover
  };

  static void failover_done(Group& group, health::Reason cause, health::Time now);
  static void failover_aborted(Group& group);

  std::vector<Group> groups_;
  DurationHistogram control_loop_delay_;
};

}  // namespace sengu::proxy
