// Wall-clock times as the outside sees them: RFC 3339, UTC, milliseconds.
// For showing only: decisions are made by the steady clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sengu::proxy {

using WallTime = std::chrono::system_clock::time_point;

/// "2026-11-21T14:36:41.123Z"
std::string to_rfc3339(WallTime time);

/// The reverse of to_rfc3339; nothing else is understood.
std::optional<WallTime> parse_rfc3339(std::string_view text);

/// A duration for people, two units at most: "850ms", "12s", "5m12s", "3h05m", "2d04h".
std::string to_short_text(std::chrono::milliseconds duration);

}  // namespace sengu::proxy
