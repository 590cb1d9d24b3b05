// The scheduled events of a MySQL or MariaDB server (CREATE EVENT), as far as a change of master concerns them: a
// replica holds each as SLAVESIDE_DISABLED, whatever it is on the master. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sengu::health {

/// One row of information_schema.EVENTS.
struct ScheduledEvent {
  /// replica_side_disabled: as the applier leaves it, and not by a statement on this very server.
  enum class State : std::uint8_t { enabled, disabled, replica_side_disabled };

  std::string schema;
  std::string name;
  std::string definer;    // "user@host", as the server writes it
  std::string charset;    // CHARACTER_SET_CLIENT; an ALTER gives it that of its session
  std::string collation;  // COLLATION_CONNECTION; the same
  State state = State::disabled;

  bool is_same_as(const ScheduledEvent& other) const { return schema == other.schema && name == other.name; }
  bool operator==(const ScheduledEvent&) const = default;
};

/// What one server tells of its events, or is to have.
struct ScheduledEvents {
  enum class Scheduler : std::uint8_t { off, on, disabled };  // event_scheduler; disabled: only a restart changes it

  Scheduler scheduler = Scheduler::off;
  std::vector<ScheduledEvent> all;  // those that are enabled first; at most most_scheduled_events
  bool visible = true;              // false: sengu's user lacks EVENT, and is shown none, or some
  bool cut_off = false;             // the server has more than `all`
  std::vector<std::string> lacks;   // privileges that "follow" would need beside EVENT
  bool operator==(const ScheduledEvents&) const = default;
};

constexpr std::size_t most_scheduled_events = 256;
constexpr std::size_t most_scheduled_bytes = 64 * 1024;  // of all their names and definers together

/// The event in `events`; null where it is not there.
const ScheduledEvent* find(const ScheduledEvents& events, const ScheduledEvent& wanted);
/// Those of `events` in that state.
std::vector<ScheduledEvent> in_state(const ScheduledEvents& events, ScheduledEvent::State state);
/// "shop.purge,shop.sum", for people.
std::string names_of(const std::vector<ScheduledEvent>& events);

/// What makes the session of the next statement one of the event's character set, which an ALTER EVENT would change
/// (tried on MySQL 9.7 and MariaDB 10.11). An event whose name could not be written in that one gets utf8mb4.
std::string session_of(const ScheduledEvent& event);
/// Enables the event and keeps its definer: without that clause the account that alters it would be its definer.
std::string enable_statement(const ScheduledEvent& event);
/// Both, for one event after another.
std::vector<std::string> enable_statements(const std::vector<ScheduledEvent>& events);

}  // namespace sengu::health
