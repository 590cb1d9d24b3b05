// What a server says, read: INFO text -> ServerInfo, and an error line -> Outcome. Pure. Understands Redis 5 to 8 and
// Valkey 7.2 to 9, whose INFO keeps the names of Redis 5. Knows no socket and decides nothing.
#pragma once

#include <optional>
#include <string_view>

#include <boost/system/result.hpp>

#include "health/model/observation.hpp"

namespace sengu::health::redis {

/// Reads the text of INFO (the sections server, replication, persistence and keyspace, one after the other; others and
/// unknown fields are skipped). Errors: std::errc::bad_message where `role` is missing or unknown, or where a number
/// that decides something is not one. `loading` is also true for `async_loading` (Redis >= 7): the old data is served
/// then, but is about to be replaced.
boost::system::result<ServerInfo> parse_info(std::string_view text);

/// Reads the text of INFO memory. None where used_memory is missing, or where a number is not one.
std::optional<RedisMemory> parse_memory(std::string_view text);

/// The outcome that an error reply stands for; `line` without the leading '-'.
Outcome classify_error(std::string_view line);

/// True for what a server without a password answers to AUTH: nothing is wrong, the password is just not needed.
/// Redis <= 5: "ERR Client sent AUTH, but no password is set"; later "ERR AUTH <password> called without any password
/// configured for the default user. ...".
bool says_no_password_needed(std::string_view line);

}  // namespace sengu::health::redis
