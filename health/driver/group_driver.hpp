// One group, driven: gives the pure Group the time and what happened, and carries out what it commands. Owns the
// group's timer and its servers' connections. Decides nothing. Control thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/base/gate.hpp"
#include "health/core/group/group.hpp"
#include "health/driver/crash_switch.hpp"
#include "health/journal/journal.hpp"
#include "health/model/ports.hpp"
#include "health/server/places.hpp"
#include "health/server/server_node.hpp"

namespace sengu::health {

/// Everything a driver talks to; all of it outlives the driver.
struct DriverPorts {
  boost::asio::io_context& io;
  Journal& journal;
  RoutePublisher& publisher;
  EventSink& events;
  MeasurementSink& measurements;
  Places places = {};                       // beside the kept connections, of all groups together
  CrashPoint crash_at = CrashPoint::never;  // for tests: the process kills itself there
};

class GroupDriver {
 public:
  using Done = std::function<void(const WishOutcome& outcome)>;

  /// `instance` names this proxy to the servers (CLIENT SETNAME sengu-<instance>-<group>). Throws net::TlsFileError.
  GroupDriver(const DriverPorts& ports, const ConfiguredGroup& group, const std::string& instance);

  /// The first probes go out at `first_probe`, which may be some way ahead: many groups do not begin in one breath.
  void start(Time first_probe);
  void stop();
  GroupStatus status() const;
  void connect_failed(NodeId node);
  /// The control thread did not run for a second or more.
  void stalled();
  /// `done` is called once: at once, or when what the wish began has ended; not at all after stop().
  void submit(const Wish& wish, Done done);

 private:
  void feed(const Input& input);
  void apply(const Commands& commands);
  void execute(const Probe& probe);
  void execute(const Publish& publish);
  void execute(const WriteJournal& write);
  void execute(const RunStep& step);
  void execute(const AskDeciders& question);
  void execute(const AskEvents& question);
  void execute(const Emit& emit);
  void execute(const Answer& answer);
  void arm_timer();

  DriverPorts ports_;
  const ConfiguredGroup configured_;  // keeps the settings that the group and its nodes refer to
  Group group_;
  CrashSwitch crash_;
  boost::asio::steady_timer timer_;
  Time timer_due_{};
  std::vector<std::unique_ptr<ServerNode>> nodes_;  // by NodeId
  std::map<RequestId, Done> requests_;
  std::uint64_t last_request_ = 0;
  Gate running_;  // closed by stop(): an answer that comes later does nothing
};

}  // namespace sengu::health
