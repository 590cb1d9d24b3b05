// What of the decision depends on the kind of the group's servers. Each is a question that a rule asks; the kind itself is asked
// nowhere else in the core but by the doctor, and by history, whose numbers mean something else of each kind. Pure.
#pragma once

#include "config/settings.hpp"

namespace sengu::health {

struct KindRules {
  bool stops_receivers;         // what a replica has received stands still only once it is told to stop receiving
  bool applies_later;           // what was received is not applied yet: the target applies all of it before it is promoted
  bool steps_stop_replication;  // a step may end with the threads of a replica stopped: they are started again
  bool fence_lasts;             // a fence holds until it is taken back, and waits for what is being written; else it ends by itself
  int rehandshakes_per_timeout; // a rehandshake may take this part of health.timeout
};

/// The rules of that kind. Asserts that the kind has replication (redis, mysql).
const KindRules& rules_of(config::Kind kind);

}  // namespace sengu::health
