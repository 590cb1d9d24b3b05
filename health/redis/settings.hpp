// The settings of a Redis server that INFO does not tell: the questions for them, and how their replies are read. Pure.
// Passwords end here: only whether there is one is passed on.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "health/model/observation.hpp"
#include "health/redis/resp.hpp"

namespace sengu::health::redis {

/// One CONFIG GET for each setting: before Redis 7 it takes a single name.
std::vector<CommandLine> settings_questions();

/// `replies` belong to settings_questions(). None where one is missing, an error (NOPERM, a renamed command), or not a
/// setting.
std::optional<RedisSettings> read_settings(std::span<const Reply> replies);

}  // namespace sengu::health::redis
