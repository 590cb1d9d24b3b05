#include "health/model/scheduled_events.hpp"

#include <algorithm>
#include <string_view>

namespace sengu::health {

namespace {

std::string identifier(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + "`";
}

/// "user@host"; the name of a user may hold an @, that of a host may not. A role has no host.
std::string account(std::string_view definer) {
  const auto at = definer.rfind('@');
  if (at == std::string_view::npos) return identifier(definer);
  return identifier(definer.substr(0, at)) + "@" + identifier(definer.substr(at + 1));
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// The name of a character set or of a collation.
bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

const ScheduledEvent* find(const ScheduledEvents& events, const ScheduledEvent& wanted) {
  const auto found = std::find_if(events.all.begin(), events.all.end(),
                                  [&](const ScheduledEvent& one) { return one.is_same_as(wanted); });
  return found == events.all.end() ? nullptr : &*found;
}

std::vector<ScheduledEvent> in_state(const ScheduledEvents& events, ScheduledEvent::State state) {
  std::vector<ScheduledEvent> found;
  for (const ScheduledEvent& one : events.all) {
    if (one.state == state) found.push_back(one);
  }
  return found;
}

std::string names_of(const std::vector<ScheduledEvent>& events) {
  std::string names;
  for (const ScheduledEvent& one : events) names += (names.empty() ? "" : ",") + one.schema + "." + one.name;
  return names;
}

std::string session_of(const ScheduledEvent& event) {
  const bool writable = event.charset.starts_with("utf8") || is_ascii(event.schema + event.name + event.definer);
  if (!writable || !is_word(event.charset) || !is_word(event.collation)) return "SET NAMES utf8mb4";
  return "SET NAMES " + event.charset + " COLLATE " + event.collation;
}

std::string enable_statement(const ScheduledEvent& event) {
  return "ALTER DEFINER=" + account(event.definer) + " EVENT " + identifier(event.schema) + "." +
         identifier(event.name) + " ENABLE";
}

std::vector<std::string> enable_statements(const std::vector<ScheduledEvent>& events) {
  std::vector<std::string> statements;
  std::string session;
  for (const ScheduledEvent& one : events) {
    const std::string wanted = session_of(one);
    if (wanted != session) statements.push_back(session = wanted);
    statements.push_back(enable_statement(one));
  }
  return statements;
}

}  // namespace sengu::health
