// Events as JSON and as a line for people. Pure. Fields are added, never renamed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "proxy/events/history.hpp"

namespace sengu::proxy {

/// {"id","time","event","group","node","epoch","reason","text"}
boost::json::object event_document(const RecordedEvent& event);

/// {"version":1,"events":[...]}: those whose id is greater than `after`, the newest `count` of them.
boost::json::object events_document(const EventHistory& history, std::uint64_t after, std::size_t count);

/// The events with an id greater than `after`, the newest `count` of them, oldest first.
std::vector<RecordedEvent> select_events(const EventHistory& history, std::uint64_t after, std::size_t count);

/// One line for people: "2026-11-21T14:36:41.123Z +switch-master sessions 10.0.0.1 6379 10.0.0.2 6379".
std::string event_line(const RecordedEvent& event);

}  // namespace sengu::proxy
