// The interfaces over which health reaches upward without knowing the layers above: for events, for measurements, and
// for a route to be published, with the report that every worker has acknowledged it. All are called on the control
// thread.
#pragma once

#include <functional>
#include <string>

#include "health/model/event.hpp"
#include "health/model/groups.hpp"
#include "health/model/route.hpp"

namespace sengu::health {

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void emit(GroupId group, const Event& event) = 0;
};

/// What the health side measures; the proxy makes metrics of it.
class MeasurementSink {
 public:
  virtual ~MeasurementSink() = default;
  virtual void probed(GroupId group, NodeId node, const Observation& seen) = 0;
  /// How much later than asked for the control thread came to a group's timer.
  virtual void timer_late(Duration by) = 0;
};

class RoutePublisher {
 public:
  virtual ~RoutePublisher() = default;
  /// Hands the route to every worker; calls `acknowledged` on the control thread after each of them has cut the
  /// sessions that the route no longer allows. Never calls it from within publish().
  virtual void publish(GroupId group, const Route& route, std::function<void()> acknowledged) = 0;
};

}  // namespace sengu::health
