// One table of units, read in both directions.
#include "config/base/durations.hpp"

#include <array>
#include <charconv>
#include <cstdint>

namespace sengu::config {
namespace {

using std::chrono::microseconds;
using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  microseconds length;
};
constexpr std::array<Unit, 5> units{{{"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}, {"us", 1us}}};
constexpr microseconds longest = 24h * 1000;

}  // namespace

boost::system::result<microseconds> parse_duration(std::string_view text) {
  namespace errc = boost::system::errc;
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc::result_out_of_range) return make_error_code(errc::result_out_of_range);
  if (error != std::errc{}) return make_error_code(errc::invalid_argument);
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (count > static_cast<std::uint64_t>(longest / unit.length)) return make_error_code(errc::result_out_of_range);
    return unit.length * static_cast<std::int64_t>(count);
  }
  return make_error_code(errc::invalid_argument);
}

std::string duration_text(microseconds duration) {
  if (duration == 0us) return "0s";
  for (const Unit& unit : units)
    if (duration % unit.length == 0us) return std::to_string(duration / unit.length).append(unit.name);
  return std::to_string(duration.count()) + "us";
}

}  // namespace sengu::config
