// Text for a server is quoted here, and secrets are hidden in text for people. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sengu::health::mysql {

/// A string literal of SQL. Right where the connection's sql_mode is '' and its character set utf8mb4, which every
/// connection of ours says first: under NO_BACKSLASH_ESCAPES a backslash would stand for itself.
std::string quoted(std::string_view text);

/// `text` without `secret`, also where it stands there as quoted(). An empty secret leaves it alone.
std::string without_secret(std::string text, std::string_view secret);

}  // namespace sengu::health::mysql
