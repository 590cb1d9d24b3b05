// What of the decision depends on the kind of the group's servers: each member answers a question that a rule asks.
// Apart from this, only the doctor and the history look at the kind. Where a rule needs what only a MySQL server says,
// ServerInfo::sql tells one. Pure.
#pragma once

#include "config/settings.hpp"

namespace sengu::health {

struct KindRules {
  bool stops_receivers;  // what a replica has received stands still only once it is told to stop receiving
  bool applies_later;    // what was received is not applied yet: the target applies all of it before it is promoted
  bool steps_stop_replication;  // a step may end with the threads of a replica stopped: they are started again
  bool fence_lasts;  // a fence holds until an unfence, and waits for writes under way; else it ends after its time
  bool has_scheduled_events;     // CREATE EVENT: a change of master leaves them switched off
  int rehandshakes_per_timeout;  // a rehandshake may take health.timeout divided by this
};

/// The rules of that kind. Asserts that the kind has replication (redis, mysql).
const KindRules& rules_of(config::Kind kind);

}  // namespace sengu::health
