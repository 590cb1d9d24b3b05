// The group's two alphabets: what happens to it (Input) and what it wants done (Command). Everything that the
// decision knows came in as an Input; everything it causes goes out as a Command. The driver (health/driver) and the
// simulator speak them alike.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "health/model/event.hpp"
#include "health/model/journal_record.hpp"
#include "health/model/observation.hpp"
#include "health/model/route.hpp"
#include "health/model/step.hpp"
#include "health/model/wish.hpp"

namespace sengu::health {

enum class Serial : std::uint64_t {};     // pairs an answer with its command
enum class RequestId : std::uint64_t {};  // an operator's request

// --- inputs ---
struct ProbeDone {
  NodeId node;
  Observation seen;
};
struct ConnectionLost {
  NodeId node;
};  // the kept probe connection ended
struct ConnectFailed {
  NodeId node;
};  // the data plane could not connect: ask now
struct Published {
  Serial serial;
};  // every worker acknowledged, after it cut
struct JournalWritten {
  Serial serial;
  bool ok;
};
struct StepDone {
  NodeId node;
  Step step;
  StepResult result;
  std::string text;
};
/// The other deciders of the node's server, e.g. "sentinel-1f0c2a9b@10.0.0.3", and the server's settings and abilities:
/// the same exchange asks for all. Each is none where the server did not say.
struct DecidersTold {
  NodeId node;
  std::optional<std::vector<std::string>> names;
  std::string text;
  std::optional<RedisSettings> settings = {};
  std::optional<RedisAbilities> abilities = {};
};
/// The scheduled events of a MySQL node; none where the server did not tell, and `text` is its error, or empty where no
/// answer came.
struct EventsTold {
  NodeId node;
  std::optional<ScheduledEvents> events;
  std::string text;
};
struct Stalled {};  // this process did not run for a second or more
struct Tick {};     // next_deadline() came
struct Order {
  RequestId request;
  Wish wish;
};  // an operator's; ends with one Answer
using Input = std::variant<ProbeDone, ConnectionLost, ConnectFailed, Published, JournalWritten, StepDone, DecidersTold,
                           EventsTold, Stalled, Tick, Order>;

// --- commands ---
enum class ProbeVia : std::uint8_t { kept_connection, fresh_connection };
struct Probe {
  NodeId node;
  ProbeVia via;
};
struct Publish {
  Serial serial;
  Route route;
};
struct WriteJournal {
  Serial serial;
  JournalRecord record;
};
/// Each ends with one DecidersTold. The `timeout` of a patient question begins when the question gets its place.
struct AskDeciders {
  NodeId node;
  Milliseconds timeout;
  Lane lane;
};
/// Of MySQL. Each ends with one EventsTold.
struct AskEvents {
  NodeId node;
  Milliseconds timeout;
};
struct Emit {
  Event event;
};
struct Answer {
  RequestId request;
  WishOutcome outcome;
};
using Command = std::variant<Probe, Publish, WriteJournal, RunStep, AskDeciders, AskEvents, Emit, Answer>;
using Commands = std::vector<Command>;

}  // namespace sengu::health
