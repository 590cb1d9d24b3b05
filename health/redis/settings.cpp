#include "health/redis/settings.hpp"

#include <array>
#include <charconv>
#include <string_view>

namespace sengu::health::redis {

namespace {

enum Setting : std::size_t {
  requirepass,
  masterauth,
  save,
  appendonly,
  min_replicas_to_write,
  stop_writes_on_bgsave_error,
  settings_count
};

constexpr std::array<const char*, settings_count> names{
    "requirepass", "masterauth", "save", "appendonly", "min-replicas-to-write", "stop-writes-on-bgsave-error"};

/// [name, value]; none for anything else, also for the empty list that stands for an unknown name.
std::optional<std::string_view> value_in(const Reply& reply, std::string_view name) {
  if (reply.type != Reply::Type::array || reply.elements.size() != 2 || reply.elements[0].text != name)
    return std::nullopt;
  return reply.elements[1].text;
}

}  // namespace

std::vector<CommandLine> settings_questions() {
  std::vector<CommandLine> questions;
  for (const auto* name : names) questions.push_back({"CONFIG", "GET", name});
  return questions;
}

std::optional<RedisSettings> read_settings(std::span<const Reply> replies) {
  if (replies.size() != settings_count) return std::nullopt;
  std::array<std::string_view, settings_count> values;
  for (std::size_t i = 0; i < settings_count; ++i) {
    const auto value = value_in(replies[i], names[i]);
    if (!value) return std::nullopt;
    values[i] = *value;
  }
  RedisSettings settings;
  settings.requires_password = !values[requirepass].empty();
  settings.has_master_password = !values[masterauth].empty();
  settings.save_points = !values[save].empty();
  settings.persists = settings.save_points || values[appendonly] == "yes";
  settings.stop_writes_on_bgsave_error = values[stop_writes_on_bgsave_error] != "no";
  const auto number = values[min_replicas_to_write];
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), settings.min_replicas_to_write);
  if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  return settings;
}

}  // namespace sengu::health::redis
