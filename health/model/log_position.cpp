#include "health/model/log_position.hpp"

#include <charconv>

namespace sengu::health {

namespace {

std::string_view name_of(std::string_view file) {
  const auto last = file.find_last_not_of("0123456789");
  return file.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace

std::optional<LogPosition> LogPosition::of(std::string_view file, std::string_view bytes) {
  LogPosition position{std::string(file), 0};
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), position.bytes);
  if (error != std::errc{} || end != bytes.data() + bytes.size()) return std::nullopt;
  if (name_of(file).size() == file.size()) return std::nullopt;
  return position;
}

bool LogPosition::is_in_log_of(const LogPosition& other) const { return name_of(file) == name_of(other.file); }

std::strong_ordering LogPosition::operator<=>(const LogPosition& other) const {
  if (const auto order = file.size() <=> other.file.size(); order != 0) return order;
  if (const auto order = file <=> other.file; order != 0) return order;
  return bytes <=> other.bytes;
}

std::string LogPosition::text() const { return file + ":" + std::to_string(bytes); }

}  // namespace sengu::health
