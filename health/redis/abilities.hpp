// What a Redis server lets sengu do to it, and how much it may hold: questions that need no right but those of the
// steps and INFO, and how their replies are read. A promise that cannot hold is known before it is needed. Pure.
#pragma once

#include <span>
#include <vector>

#include "health/model/observation.hpp"
#include "health/redis/resp.hpp"

namespace sengu::health::redis {

/// REPLICAOF with a port that is none and CLIENT KILL of a type that there is not: they change nothing wherever the
/// server has come as far as to read their words. It looks for the command first (renamed: unknown), then at the number
/// of words, then at the user's rights, and then at the words (Redis 5 to 8, Valkey 9): a command with too few words
/// would not tell the rights.
std::vector<CommandLine> abilities_questions();

/// `replies` belong to abilities_questions(); one that is missing tells nothing.
RedisAbilities read_abilities(std::span<const Reply> replies);

}  // namespace sengu::health::redis
