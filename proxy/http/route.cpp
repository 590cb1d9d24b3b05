// See route.hpp.
#include "proxy/http/route.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "config/base/nearest.hpp"
#include "config/base/printable.hpp"
#include "proxy/events/documents.hpp"
#include "proxy/http/page.hpp"
#include "proxy/view/documents.hpp"
#include "proxy/view/metrics.hpp"

namespace sengu::proxy {
namespace {

constexpr const char* json_type = "application/json";

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned value = 0;
    if (text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(text.data() + at + 1, text.data() + at + 3, value, 16).ptr == text.data() + at + 3) {
      plain += static_cast<char>(value);
      at += 2;
    } else {
      plain += text[at] == '+' ? ' ' : text[at];
    }
  }
  return plain;
}

std::optional<std::string> query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == key) return percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

HttpOutcome ready(Operations& operations, std::string_view query) {
  const auto name = query_value(query, "group");
  if (!name) {
    const auto readiness = operations.readiness();
    return HttpAnswer{readiness.ready ? 200U : 503U, HttpAnswer{}.type, readiness.why + "\n"};
  }
  std::vector<std::string_view> names;
  for (const auto& group : operations.groups()) {
    names.push_back(group.settings->name);
    if (group.settings->name != *name) continue;
    const auto status = operations.view(group.id).status;
    if (status.route == health::RouteState::open && status.master) return HttpAnswer{200, HttpAnswer{}.type, "ready\n"};
    return HttpAnswer{503, HttpAnswer{}.type,
                      fmt::format("{}: {}\n", to_string(status.route), to_string(status.reason))};
  }
  return HttpAnswer{404, HttpAnswer{}.type,
                    fmt::format("no such group '{}'{}\n", printable(*name), did_you_mean(*name, names))};
}

HttpOutcome events(Operations& operations, std::string_view query) {
  std::uint64_t after = 0;
  if (const auto text = query_value(query, "after")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), after);
    if (error != std::errc() || end != text->data() + text->size())
      return HttpAnswer{400, HttpAnswer{}.type, "after: not a number\n"};
  }
  const auto follow = query_value(query, "follow");
  if (follow && *follow != "0") return HttpFollow{after};
  return HttpAnswer{200, json_type,
                    boost::json::serialize(events_document(operations.events(), after, EventHistory::capacity)) + "\n"};
}

HttpAnswer write_metrics(const Snapshot& snapshot) {
  return {200, metrics_content_type, metrics_text(snapshot, process_facts())};
}

HttpAnswer write_groups(const Snapshot& snapshot) {
  return {200, json_type, boost::json::serialize(groups_document(snapshot)) + "\n"};
}

HttpOutcome metrics(Operations&, std::string_view) { return HttpDocument{write_metrics}; }

HttpOutcome groups(Operations&, std::string_view) { return HttpDocument{write_groups}; }

HttpOutcome alive(Operations&, std::string_view) { return HttpAnswer{200, HttpAnswer{}.type, "ok\n"}; }

HttpOutcome page(Operations&, std::string_view) {
  return HttpAnswer{200, "text/html; charset=utf-8", std::string(status_page)};
}

constexpr std::array routes{
    HttpRoute{"/", page},        HttpRoute{"/metrics", metrics},      HttpRoute{"/healthz", alive},
    HttpRoute{"/readyz", ready}, HttpRoute{"/api/v1/groups", groups}, HttpRoute{"/api/v1/events", events},
};

}  // namespace

std::span<const HttpRoute> http_routes() { return routes; }

HttpOutcome route_http(Operations& operations, std::string_view target) {
  const auto mark = std::min(target.find('?'), target.size());
  const auto found = std::ranges::find(routes, target.substr(0, mark), &HttpRoute::path);
  if (found == routes.end()) return HttpAnswer{404, HttpAnswer{}.type, "not found\n"};
  return found->answer(operations, target.substr(std::min(mark + 1, target.size())));
}

std::string server_sent(const RecordedEvent& event) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.id, to_string(event.kind),
                     boost::json::serialize(event_document(event)));
}

}  // namespace sengu::proxy
