// What a server said, made harmless before it becomes the text of an observation or a step. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sengu::health {

/// Fit for a log line: each byte that is not printable ASCII becomes '?', at most 200 bytes.
std::string printable(std::string_view text);

}  // namespace sengu::health
