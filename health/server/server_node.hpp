// One server as a group's driver sees it, whatever it speaks: it can be asked and told. Implemented by
// health/redis/node and health/mysql/node. All members are called on the control thread, and call back there.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "health/model/messages.hpp"

namespace sengu::health {

/// `text` is for people: the error of a failed step, or of a part that does not fail it ("CONFIG REWRITE: ...").
using StepCallback = std::function<void(StepResult result, std::string text)>;
/// Who else may decide about the server, as DecidersTold.
struct DecidersAnswer {
  std::optional<std::vector<std::string>> names;
  std::string text;                   // why there are no names, for people
  std::optional<RedisSettings> settings = {};
};
using DecidersCallback = std::function<void(DecidersAnswer answer)>;

struct ProbeCallbacks {
  /// Each probe() ends with one. Probes that overlap share it where they wait for the same attempt, or where a side
  /// connection is answered while the kept one still owes its answer. A late answer to an overdue question brings
  /// one more: the same `asked`, `answered` when it came.
  std::function<void(const Observation&)> on_observation;
  /// The kept connection was ended by the server: once per connection, and before the observation of a probe that
  /// was waiting on it. Not called for connections that were never answered in time, which end as an observation.
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
  /// A failover has begun: a question that waits for its turn does so no longer.
  virtual void hurry() {}
  /// No callback comes after it. Steps that were sent are carried out all the same.
  virtual void close() = 0;
};

}  // namespace sengu::health
