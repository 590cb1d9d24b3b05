// How a Redis server is set up, as far as INFO does not say it: the questions, and what their replies say. Pure. Passwords are
// looked at and forgotten here: only whether there is one goes on.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "health/model/observation.hpp"
#include "health/redis/resp.hpp"

namespace sengu::health::redis {

/// One CONFIG GET for each setting: before Redis 7 it takes a single name.
std::vector<CommandLine> settings_questions();

/// `replies` belong to settings_questions(). None where one is missing, an error (NOPERM, a renamed command), or not a setting.
std::optional<RedisSettings> read_settings(std::span<const Reply> replies);

}  // namespace sengu::health::redis
