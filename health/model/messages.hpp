// The group's two alphabets: what happens to it (Input) and what it wants done (Command). Everything that the
// decision knows came in as an Input; everything it causes goes out as a Command. The driver (health/monitor) and the
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
#include "health/server/places.hpp"

namespace sengu::health {

enum class Serial : std::uint64_t {};     // pairs an answer with its command
enum class RequestId : std::uint64_t {};  // an operator's request

/// May a failover go on where writes would be lost that another replica may still hold?
enum class LossPolicy : std::uint8_t { keep_writes, accept_loss };

/// What can be done to a server; each is one exchange with one deadline (health/redis/steps, health/mysql/steps).
enum class Step : std::uint8_t {
  fence,           // CLIENT PAUSE <ms> WRITE: bounded, undone by itself; MySQL: super_read_only=ON
  unfence,         // CLIENT UNPAUSE; MySQL: read_only=OFF
  promote,         // REPLICAOF NO ONE, then CONFIG REWRITE; MySQL: only with its relay log applied, RESET REPLICA ALL, writable
  repoint,         // REPLICAOF <master>, then CONFIG REWRITE; MySQL: CHANGE REPLICATION SOURCE, with credentials where it has none
  demote,          // MULTI; REPLICAOF <master>; CLIENT KILL TYPE normal and pubsub; EXEC; CONFIG REWRITE; MySQL: fence, then repoint
  demote_emptied,  // as demote, and CLIENT KILL TYPE replica (safety.md §6.2)
  rehandshake,     // CLIENT KILL TYPE master: makes a replica prove its link (safety.md §2.4); MySQL: the IO thread anew
  // MySQL and MariaDB only
  stop_receiving,  // STOP REPLICA IO_THREAD: what it has received stands still, the applier goes on
  start_receiving, // START REPLICA IO_THREAD
  apply_received,  // waits until its relay log is applied; failed: not within the step's timeout
  semi_sync_on,    // rpl_semi_sync_source_enabled=ON, on the master
  semi_sync_off,   // ... OFF, on a replica: its applier would wait for an acknowledgement that nobody sends
};
std::string_view to_string(Step step);

enum class StepResult : std::uint8_t { done, failed, unreachable };
std::string_view to_string(StepResult result);

// --- inputs ---
struct ProbeDone { NodeId node; Observation seen; };
struct ConnectionLost { NodeId node; };   // the kept probe connection ended
struct ConnectFailed { NodeId node; };    // the data plane could not connect: ask now
struct Published { Serial serial; };      // every worker acknowledged, after it cut
struct JournalWritten { Serial serial; bool ok; };
struct StepDone { NodeId node; Step step; StepResult result; std::string text; };
/// Who else may decide about the node's server, e.g. "sentinel-1f0c2a9b@10.0.0.3"; `names` is none where it did not say. And
/// how it is set up, none where it did not say: the same exchange asks for both.
struct DecidersTold {
  NodeId node;
  std::optional<std::vector<std::string>> names;
  std::string text;
  std::optional<RedisSettings> settings = {};
};
struct Stalled {};                        // this process did not run for a second or more
struct Tick {};                           // next_deadline() came
struct OperatorFailover { RequestId request; std::optional<NodeId> to; LossPolicy loss = LossPolicy::keep_writes; };
struct OperatorPause { RequestId request; };
struct OperatorResume { RequestId request; };
using Input = std::variant<ProbeDone, ConnectionLost, ConnectFailed, Published, JournalWritten, StepDone, DecidersTold, Stalled, Tick,
                           OperatorFailover, OperatorPause, OperatorResume>;

// --- commands ---
enum class ProbeVia : std::uint8_t { kept_connection, fresh_connection };
struct Probe { NodeId node; ProbeVia via; };
struct Publish { Serial serial; Route route; };
struct WriteJournal { Serial serial; JournalRecord record; };
struct RunStep {
  NodeId node;
  Step step;
  Endpoint master{};                    // of repoint and demote; of a promote, another replica that is up, or none (health/mysql/steps)
  Milliseconds timeout{};
  Milliseconds pause{};                 // of a fence, where the server knows such a thing
  LossPolicy loss = LossPolicy::keep_writes;  // of a promote: may what its relay log holds be thrown away?
};
struct AskDeciders { NodeId node; Milliseconds timeout; Lane lane; };   // each ends with one DecidersTold; `timeout`: once it has its place
struct Emit { Event event; };
struct Answer { RequestId request; bool ok; std::string text; };
using Command = std::variant<Probe, Publish, WriteJournal, RunStep, AskDeciders, Emit, Answer>;
using Commands = std::vector<Command>;

}  // namespace sengu::health
