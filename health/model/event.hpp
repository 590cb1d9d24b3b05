// What happened, for people and scripts: Sentinel's names where Sentinel has one (deploy/manual/reference.md). The same
// enum feeds log, metrics, admin history and API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "health/model/observation.hpp"
#include "health/model/reason.hpp"

namespace sengu::health {

enum class EventKind : std::uint8_t {
  // Sentinel's
  sdown,
  sdown_end,
  odown,
  odown_end,
  reboot,
  role_change,
  role_unexpected,
  try_failover,
  selected_slave,
  promoted_slave,
  slave_reconf_sent,
  slave_reconf_done,
  failover_end,
  failover_abort_no_good_slave,
  switch_master,
  convert_to_slave,
  slave,
  tilt,
  tilt_end,
  // ours
  held,
  held_end,
  unreachable,
  unreachable_end,
  rogue_master,
  amnesia,
  lost_writes,
  stranger,
  stranger_end,
  failover_refused,
  failover_abort_no_ack,
  failover_abort,
  adopted,
  pause,
  pause_end,
  journal_error,
  journal_error_end,
  closed,
  step_failed,
  other_decider,
  other_decider_end,
  unusable,
  unusable_end,
  errant,
  errant_end,
  applying,
  applied,
  semi_sync_off,
  events_left,
  events_enabled,
};

/// "+sdown", "-sdown", "+switch-master", ...
std::string_view to_string(EventKind kind);

/// Sentinel's WARNING level: what a notification script gets by default.
bool is_warning(EventKind kind);

/// What a change of master cost the clients, of +lost-writes.
struct LostWrites {
  std::uint64_t bytes = 0;         // Redis
  std::uint64_t transactions = 0;  // MySQL, MariaDB
};

struct Event {
  EventKind kind;
  std::optional<NodeId> node;
  Epoch epoch = 0;
  Reason reason = Reason::none;
  std::string text;  // the payload: Sentinel's for Sentinel's events, else "<group> <node>|- key=value..."
  LostWrites lost = {};
};

}  // namespace sengu::health
