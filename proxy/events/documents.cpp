#include "proxy/events/documents.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "config/base/printable.hpp"
#include "proxy/view/wall_time.hpp"

namespace sengu::proxy {

namespace json = boost::json;

json::object event_document(const RecordedEvent& event) {
  json::object document;
  document["id"] = event.id;
  document["time"] = to_rfc3339(event.time);
  document["event"] = to_string(event.kind);
  document["group"] = event.group;
  document["node"] = event.node.empty() ? json::value(nullptr) : json::value(event.node);
  document["epoch"] = event.epoch;
  document["reason"] = to_string(event.reason);
  document["text"] = printable(event.text);
  return document;
}

std::vector<RecordedEvent> select_events(const EventHistory& history, std::uint64_t after, std::size_t count) {
  const auto& all = history.all();
  auto first = std::ranges::upper_bound(all, after, {}, &RecordedEvent::id);
  const auto found = static_cast<std::size_t>(all.end() - first);
  if (found > count) first += static_cast<std::ptrdiff_t>(found - count);
  return {first, all.end()};
}

json::object events_document(const EventHistory& history, std::uint64_t after, std::size_t count) {
  json::array events;
  for (const auto& event : select_events(history, after, count)) events.push_back(event_document(event));
  return {{"version", 1}, {"events", std::move(events)}};
}

std::string event_line(const RecordedEvent& event) {
  auto line = fmt::format("{} {} {}", to_rfc3339(event.time), to_string(event.kind), printable(event.text));
  if (event.reason != health::Reason::none) line += fmt::format(" [{}]", to_string(event.reason));
  return line;
}

}  // namespace sengu::proxy
