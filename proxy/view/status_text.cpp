#include "proxy/view/status_text.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "proxy/view/text_table.hpp"
#include "proxy/view/wall_time.hpp"

namespace sengu::proxy {
namespace {

namespace json = boost::json;

// What may be missing reads as null, so that a document of another version still shows.
const json::value& at(const json::value& value, std::string_view key) {
  static const json::value nothing;
  const auto* object = value.if_object();
  const auto* found = object != nullptr ? object->if_contains(key) : nullptr;
  return found != nullptr ? *found : nothing;
}

std::string text(const json::value& value) {
  if (value.is_null()) return "-";
  if (const auto* string = value.if_string()) return string->empty() ? "-" : std::string(*string);
  return json::serialize(value);
}

bool is(const json::value& value, std::string_view word) { return value.is_string() && value.get_string() == word; }

const json::array& items(const json::value& value) {
  static const json::array none;
  const auto* array = value.if_array();
  return array != nullptr ? *array : none;
}

std::string for_how_long(const json::value& now, const json::value& since) {
  const auto end = parse_rfc3339(text(now));
  const auto begin = parse_rfc3339(text(since));
  if (!end || !begin) return "-";
  return to_short_text(std::chrono::duration_cast<std::chrono::milliseconds>(*end - *begin));
}

std::string bytes_text(double bytes) {
  static constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < units.size()) bytes /= 1024, ++unit;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

std::string lag_text(const json::value& node) {
  std::string lag;
  if (at(node, "lag_bytes").is_number()) lag = bytes_text(at(node, "lag_bytes").to_number<double>());
  if (at(node, "lag_transactions").is_number())
    lag = fmt::format("{} trx", at(node, "lag_transactions").to_number<std::int64_t>());
  if (at(node, "lag_seconds").is_number()) {
    if (!lag.empty()) lag += ", ";
    lag += fmt::format("{:.1f}s", at(node, "lag_seconds").to_number<double>());
  }
  return lag.empty() ? "-" : lag;
}

Paint health_paint(const json::value& health) {
  if (is(health, "up")) return Paint::good;
  if (is(health, "down") || is(health, "unusable")) return Paint::bad;
  return Paint::warn;
}

Paint route_paint(const json::value& state) {
  if (is(state, "open")) return Paint::good;
  return is(state, "held") ? Paint::warn : Paint::bad;
}

/// A node that is down is shown with the role in which it was last seen, as "was ...": else the dead master and the new
/// one would both read as master.
Cell role_cell(const json::value& node) {
  const auto role = text(at(node, "role"));
  const bool down = is(at(node, "health"), "down") && role != "unknown";
  const bool rogue = at(node, "rogue").is_bool() && at(node, "rogue").get_bool();
  const Paint role_paint = rogue ? Paint::bad : role == "master" && !down ? Paint::bold : Paint::plain;
  return {(down ? "was " : "") + role + (rogue ? " (rogue)" : ""), role_paint};
}

std::string node_table(const json::value& group, const json::value& now, Colour colour) {
  std::vector<Row> rows{{{"NODE", Paint::bold},
                         {"ADDRESS", Paint::bold},
                         {"ROLE", Paint::bold},
                         {"HEALTH", Paint::bold},
                         {"LAG", Paint::bold},
                         {"SESSIONS", Paint::bold},
                         {"SINCE", Paint::bold}}};
  for (const auto& node : items(at(group, "nodes"))) {
    rows.push_back({{text(at(node, "name"))},
                    {text(at(node, "address"))},
                    role_cell(node),
                    {text(at(node, "health")), health_paint(at(node, "health"))},
                    {lag_text(node)},
                    {text(at(node, "sessions"))},
                    {for_how_long(now, at(node, "since"))}});
  }
  return text_table(rows, colour);
}

std::string head_line(const json::value& group, const json::value& now, Colour colour) {
  const auto& route = at(group, "route");
  const auto state = text(at(route, "state"));
  std::string line =
      fmt::format("{}  {}  epoch {}  route {} for {}", paint(text(at(group, "name")), Paint::bold, colour),
                  text(at(group, "kind")), text(at(group, "epoch")),
                  paint(state, route_paint(at(route, "state")), colour), for_how_long(now, at(route, "since")));
  line += "  master " + text(at(group, "master"));
  if (!is(at(route, "state"), "open"))
    line += fmt::format("  ({}: {})", text(at(route, "reason")), text(at(route, "text")));
  if (at(group, "paused").is_bool() && at(group, "paused").get_bool())
    line += "  " + paint("PAUSED", Paint::warn, colour);
  if (at(group, "tilt").is_bool() && at(group, "tilt").get_bool()) line += "  " + paint("TILT", Paint::bad, colour);
  if (at(group, "journal_ok").is_bool() && !at(group, "journal_ok").get_bool())
    line += "  " + paint("JOURNAL NOT WRITABLE", Paint::bad, colour);
  if (at(group, "mode").is_string() && !is(at(group, "mode"), "auto")) line += "  mode " + text(at(group, "mode"));
  return line + '\n';
}

std::string sessions_line(const json::value& group) {
  auto line = fmt::format("  clients at {}", text(at(group, "listen")));
  if (at(group, "read_listen").is_string()) line += ", readers at " + text(at(group, "read_listen"));
  if (at(group, "parked").is_number()) line += fmt::format(", {} parked", text(at(group, "parked")));
  return line + '\n';
}

/// What would happen if the master died now: the candidate, and for each other node why not.
std::string death_sentence(const json::value& group, Colour colour) {
  const auto& plan = at(group, "if_master_died");
  const auto& candidate = at(plan, "candidate");
  const auto master = at(group, "master").is_string() ? text(at(group, "master")) : std::string("the master");
  std::string line = "  if " + master + " died now: ";
  if (at(plan, "held_back").is_string()) {
    const auto why =
        fmt::format("nothing would be done ({}: {})", text(at(plan, "held_back")), text(at(plan, "held_back_text")));
    line += paint(why, Paint::bad, colour) + "; by command: ";
  }
  line += candidate.is_string() ? paint(text(candidate) + " would become master", Paint::good, colour)
                                : paint("no node could become master", Paint::bad, colour);
  std::string others;
  for (const auto& rejection : items(at(plan, "rejected"))) {
    if (is(at(rejection, "reason"), "is_master")) continue;
    others += others.empty() ? "; not " : ", not ";
    others += fmt::format("{} ({}: {})", text(at(rejection, "node")), text(at(rejection, "reason")),
                          text(at(rejection, "text")));
  }
  return line + others + ".\n";
}

std::string group_text(const json::value& group, const json::value& now, Colour colour) {
  auto out = head_line(group, now, colour) + sessions_line(group) + node_table(group, now, colour);
  const auto& reason = at(group, "last_reason");
  out += "  last reason: " + text(reason);
  if (at(group, "last_reason_text").is_string() && !is(reason, "none"))
    out += " - " + text(at(group, "last_reason_text"));
  if (at(group, "last_switch").is_string())
    out += fmt::format("; last switch {} ago", for_how_long(now, at(group, "last_switch")));
  out += '\n' + death_sentence(group, colour);
  for (const auto& finding : items(at(group, "findings")))
    out += "  " + paint("! " + text(finding), Paint::warn, colour) + '\n';
  return out;
}

}  // namespace

std::string status_text(const json::object& document, Colour colour) {
  const json::value root(document);
  std::string out;
  for (const auto& group : items(at(root, "groups"))) {
    if (!out.empty()) out += '\n';
    out += group_text(group, at(root, "time"), colour);
  }
  return out.empty() ? "no groups\n" : out;
}

bool all_routed(const json::object& document) {
  const json::value root(document);
  return std::ranges::all_of(items(at(root, "groups")), [](const json::value& group) {
    return is(at(at(group, "route"), "state"), "open") && at(group, "master").is_string();
  });
}

}  // namespace sengu::proxy
