// The JSON documents of design §3 (HTTP port): what /api/v1 serves and what every verb's --json prints. Pure.
// Fields are added, never renamed.
#pragma once

#include <boost/json/object.hpp>

#include "proxy/control/operations.hpp"

namespace sengu::proxy {

/// {"version":1,"proxy":...,"time":...,"groups":[...]}; with `only` just that group.
boost::json::object groups_document(const Snapshot& snapshot, std::optional<health::GroupId> only = std::nullopt);

/// {"id","time","event","group","node","epoch","reason","text"}
boost::json::object event_document(const RecordedEvent& event);

/// {"version":1,"events":[...]}: those whose id is greater than `after`, the newest `count` of them.
boost::json::object events_document(const EventHistory& history, std::uint64_t after, std::size_t count);

/// {"result":...}: what `failover`, `pause` and `resume` print with --json when they are done.
boost::json::object operation_document(std::string_view result);

/// The events with an id greater than `after`, the newest `count` of them, oldest first.
std::vector<RecordedEvent> select_events(const EventHistory& history, std::uint64_t after, std::size_t count);

/// One line for people: "2026-11-21T14:36:41.123Z +switch-master sessions 10.0.0.1 6379 10.0.0.2 6379".
std::string event_line(const RecordedEvent& event);

/// "auto" | "manual" | "observe", "redis" | "mysql" | "tcp": as in the configuration.
std::string_view to_string(config::Mode mode);
std::string_view to_string(config::Kind kind);

}  // namespace sengu::proxy
