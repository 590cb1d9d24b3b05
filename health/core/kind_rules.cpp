#include "health/core/kind_rules.hpp"

#include "config/base/assert.hpp"

namespace sengu::health {

namespace {

constexpr KindRules redis{.stops_receivers = false,
                          .applies_later = false,
                          .steps_stop_replication = false,
                          .fence_lasts = false,
                          .has_scheduled_events = false,
                          .rehandshakes_per_timeout = 5};

// Two statements over a new connection, and stopping an IO thread whose master is frozen, take longer than one CLIENT
// KILL.
constexpr KindRules mysql{.stops_receivers = true,
                          .applies_later = true,
                          .steps_stop_replication = true,
                          .fence_lasts = true,
                          .has_scheduled_events = true,
                          .rehandshakes_per_timeout = 1};

}  // namespace

const KindRules& rules_of(config::Kind kind) {
  SENGU_ASSERT(kind != config::Kind::tcp);
  return kind == config::Kind::mysql ? mysql : redis;
}

}  // namespace sengu::health
