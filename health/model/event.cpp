// The outside names of events.
#include "health/model/event.hpp"

namespace sengu::health {

std::string_view to_string(EventKind kind) {
  switch (kind) {
    case EventKind::sdown: return "+sdown";
    case EventKind::sdown_end: return "-sdown";
    case EventKind::odown: return "+odown";
    case EventKind::odown_end: return "-odown";
    case EventKind::reboot: return "+reboot";
    case EventKind::role_change: return "+role-change";
    case EventKind::role_unexpected: return "-role-change";
    case EventKind::try_failover: return "+try-failover";
    case EventKind::selected_slave: return "+selected-slave";
    case EventKind::promoted_slave: return "+promoted-slave";
    case EventKind::slave_reconf_sent: return "+slave-reconf-sent";
    case EventKind::slave_reconf_done: return "+slave-reconf-done";
    case EventKind::failover_end: return "+failover-end";
    case EventKind::failover_abort_no_good_slave: return "-failover-abort-no-good-slave";
    case EventKind::switch_master: return "+switch-master";
    case EventKind::convert_to_slave: return "+convert-to-slave";
    case EventKind::slave: return "+slave";
    case EventKind::tilt: return "+tilt";
    case EventKind::tilt_end: return "-tilt";
    case EventKind::held: return "+held";
    case EventKind::held_end: return "-held";
    case EventKind::unreachable: return "+unreachable";
    case EventKind::unreachable_end: return "-unreachable";
    case EventKind::rogue_master: return "+rogue-master";
    case EventKind::amnesia: return "+amnesia";
    case EventKind::lost_writes: return "+lost-writes";
    case EventKind::stranger: return "+stranger";
    case EventKind::stranger_end: return "-stranger";
    case EventKind::failover_refused: return "+failover-refused";
    case EventKind::failover_abort_no_ack: return "+failover-abort-no-ack";
    case EventKind::failover_abort: return "-failover-abort";
    case EventKind::adopted: return "+adopted";
    case EventKind::pause: return "+pause";
    case EventKind::pause_end: return "-pause";
    case EventKind::journal_error: return "+journal-error";
    case EventKind::journal_error_end: return "-journal-error";
    case EventKind::closed: return "+closed";
    case EventKind::step_failed: return "+step-failed";
    case EventKind::other_decider: return "+other-decider";
    case EventKind::other_decider_end: return "-other-decider";
    case EventKind::unusable: return "+unusable";
    case EventKind::unusable_end: return "-unusable";
    case EventKind::errant: return "+errant";
    case EventKind::errant_end: return "-errant";
    case EventKind::applying: return "+applying";
    case EventKind::applied: return "-applying";
    case EventKind::semi_sync_off: return "+semi-sync-off";
    case EventKind::events_left: return "+events-left";
    case EventKind::events_enabled: return "+events-enabled";
  }
  return "?";
}

bool is_warning(EventKind kind) {
  switch (kind) {
    case EventKind::reboot:
    case EventKind::role_change:
    case EventKind::role_unexpected:
    case EventKind::slave:
    case EventKind::slave_reconf_sent:
    case EventKind::slave_reconf_done:
    case EventKind::convert_to_slave:
    case EventKind::held:
    case EventKind::held_end:
    case EventKind::applying:
    case EventKind::applied:
    case EventKind::events_enabled: return false;
    default: return true;
  }
}

}  // namespace sengu::health
