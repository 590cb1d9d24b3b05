// See wall_time.hpp.
#include "proxy/view/wall_time.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace sengu::proxy {

using namespace std::chrono;

std::string to_rfc3339(WallTime time) {
  const auto whole = floor<milliseconds>(time);
  const auto day = floor<days>(whole);
  const year_month_day date{day};
  const hh_mm_ss clock{whole - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  if (text.size() != 24 || text.back() != 'Z') return std::nullopt;
  int year_number = 0;
  unsigned month_number = 0, day_number = 0, hour = 0, minute = 0, second = 0, milli = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u.%3uZ", &year_number, &month_number, &day_number, &hour,
                  &minute, &second, &milli) != 7)
    return std::nullopt;
  const year_month_day date{year{year_number}, month{month_number}, day{day_number}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return WallTime(sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + milliseconds(milli));
}

std::string to_short_text(milliseconds duration) {
  const auto ms = duration.count() < 0 ? 0 : duration.count();
  const auto s = ms / 1000;
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86400, s / 3600 % 24);
}

}  // namespace sengu::proxy
