// What can be told to a server, and how that may end: the vocabulary that the decision and the protocols share. Plain
// values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "config/base/types.hpp"
#include "health/model/observation.hpp"
#include "health/model/scheduled_events.hpp"

namespace sengu::health {

/// May a failover go on where writes would be lost that another replica may still hold?
enum class LossPolicy : std::uint8_t { keep_writes, accept_loss };

/// What can be done to a server; each is one exchange with one deadline (health/redis/steps, health/mysql/steps).
enum class Step : std::uint8_t {
  fence,    // CLIENT PAUSE <ms> WRITE: bounded, undone by itself; MySQL: super_read_only=ON
  unfence,  // CLIENT UNPAUSE; MySQL: read_only=OFF
  promote,  // REPLICAOF NO ONE, then CONFIG REWRITE; MySQL: only with its relay log applied, RESET REPLICA ALL,
            // writable
  repoint,  // REPLICAOF <master>, then CONFIG REWRITE; MySQL: CHANGE REPLICATION SOURCE, with credentials where it has
            // none
  demote,   // MULTI; REPLICAOF <master>; CLIENT KILL TYPE normal and pubsub; CLIENT UNPAUSE of a fence; EXEC; CONFIG
            // REWRITE; one by one where the server discards the transaction; MySQL: fence, then repoint
  demote_emptied,  // as demote, and CLIENT KILL TYPE replica (RULES §6.2)
  rehandshake,     // CLIENT KILL TYPE master: makes a replica prove its link (RULES §2.4); MySQL: the IO thread anew
  // MySQL and MariaDB only
  stop_receiving,   // STOP REPLICA IO_THREAD: what it has received stands still, the applier goes on
  start_receiving,  // START REPLICA IO_THREAD
  apply_received,   // waits until its relay log is applied; failed: not within the step's timeout
  lift_delay,       // MySQL: SOURCE_DELAY=0, while its receiver runs, which keeps the relay log
  semi_sync_on,     // rpl_semi_sync_source_enabled=ON, on the master
  semi_sync_off,    // ... OFF, on a replica: its applier would wait for an acknowledgement that no replica sends
  follow_events,    // ALTER EVENT ... ENABLE, and event_scheduler, as the master before had them; on the master
};
std::string_view to_string(Step step);

enum class StepResult : std::uint8_t { done, failed, unreachable };
std::string_view to_string(StepResult result);

/// One step as it is sent to a server.
struct RunStep {
  NodeId node;
  Step step;
  Endpoint master{};  // of repoint and demote; of a promote, another replica that is up, or none (health/mysql/script)
  Milliseconds timeout{};
  Milliseconds pause{};  // of a fence, where the server knows such a thing; of a demote, that of the fence which may
                         // still hold there, 0: none can
  LossPolicy loss = LossPolicy::keep_writes;  // of a promote, and MySQL's repoint: may what its relay log holds be
                                              // thrown away?
  ScheduledEvents events{};                   // of follow_events: the scheduler, and the events to enable
  std::optional<ReplicationTls> tls{};        // of a demote: how other replicas reach the master; none: not known
  std::optional<LogPosition> rest{};          // of a promote: all that was read up to there is applied, but for half a
                                              // transaction (ByPosition::at_rest)
};

/// Which connections go first where descriptors are scarce (health/server/places). The questions of every minute are
/// `patient`, and never take more than their part: neither a failover nor a probe waits behind thousands of them.
enum class Lane : std::uint8_t { urgent, patient };

/// A decider without a sign for so long counts as gone: its connection is silent, or the node cannot tell any more.
constexpr std::chrono::seconds decider_gone_after{15};

}  // namespace sengu::health
