// One server as a group's driver sees it, whatever its protocol: the driver can probe it and run steps on it.
// Implemented by health/redis/node and health/mysql/node. All members are called on the control thread, and call back
// there.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "health/model/messages.hpp"

namespace sengu::health {

/// `text` is for people: the error of a failed step, or of a part that does not fail it ("CONFIG REWRITE: ...").
using StepCallback = std::function<void(StepResult result, std::string text)>;
/// The other deciders of a server, its settings and abilities, as DecidersTold has them.
struct DecidersAnswer {
  std::optional<std::vector<std::string>> names;
  std::string text;  // why there are no names, for people
  std::optional<RedisSettings> settings = {};
  std::optional<RedisAbilities> abilities = {};
};
using DecidersCallback = std::function<void(DecidersAnswer answer)>;

/// As EventsTold has them.
struct EventsAnswer {
  std::optional<ScheduledEvents> events;
  std::string text;
};
using EventsCallback = std::function<void(EventsAnswer answer)>;

struct ProbeCallbacks {
  /// Each probe() ends with one observation. Two probes that overlap share one observation in two cases: both wait for
  /// the same connection attempt, or a side connection is answered while the kept connection still owes an answer (it
  /// is closed then). An answer that comes after its question was reported as overdue brings one observation more:
  /// `asked` is the same, `answered` is when the answer came.
  std::function<void(const Observation&)> on_observation;
  /// The server ended the kept connection: called once per connection, and before the observation of a probe that was
  /// waiting on it. Not called for a connection that ends before its first question is answered or overdue: such a
  /// connection ends as an observation.
  std::function<void()> on_connection_lost;
};

class ServerNode {
 public:
  virtual ~ServerNode() = default;
  virtual void probe(ProbeVia via) = 0;
  /// `done` is called once, never from within run(); not at all once close() was.
  virtual void run(const RunStep& step, StepCallback done) = 0;
  /// As run(). A patient question may wait for its turn.
  virtual void ask_deciders(Milliseconds timeout, Lane lane, DecidersCallback done) = 0;
  /// As run(). Only nodes of MySQL groups are asked.
  virtual void ask_events(Milliseconds, EventsCallback) {}
  /// A failover has begun: a patient question that waits for its turn now waits with the urgent connections.
  virtual void hurry() {}
  /// No callback comes after it. Steps that were sent are carried out all the same.
  virtual void close() = 0;
};

}  // namespace sengu::health
