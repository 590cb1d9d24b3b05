// Durations as operators write them: "500ms", "3s", "2m", "1h", "50us". The only place that knows the units by name;
// it knows no key and no range.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace sengu::config {

/// One whole number and one unit, nothing else. Errors: invalid_argument, or result_out_of_range above 1000 days.
boost::system::result<std::chrono::microseconds> parse_duration(std::string_view text);

/// The shortest text that parse_duration reads as the same value.
std::string duration_text(std::chrono::microseconds duration);

}  // namespace sengu::config
