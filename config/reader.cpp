// The wording of what is wrong with a single value.
#include "config/reader.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "config/base/durations.hpp"
#include "config/base/nearest.hpp"
#include "config/source.hpp"

namespace sengu::config {
namespace {

constexpr std::size_t longest_password = 4096;
constexpr std::size_t longest_certificates = 16 * 1024 * 1024;  // every CA of a system is a quarter of one
constexpr std::size_t longest_name = 128;                       // three of them fit into a slot of the journal

std::string_view type_text(Type type) {
  switch (type) {
    case Type::boolean: return "a boolean";
    case Type::integer:
    case Type::oversized_integer: return "an integer";
    case Type::floating: return "a float";
    case Type::string: return "a string";
    case Type::date: return "a date or time";
    case Type::array: return "an array";
    case Type::table: return "a table";
  }
  return "?";
}

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Whether a text that is no endpoint reads as HOSTNAME:PORT.
bool names_a_host(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return false;
  const auto host = text.substr(0, colon), port = text.substr(colon + 1);
  const bool name =
      std::ranges::all_of(host, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
  const bool letter = std::ranges::any_of(host, [](char c) { return is_alphanumeric(c) && c > '9'; });
  return name && letter && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void Item::problem(std::string what) const { problems_.push_back({*value_.file, value_.line, key_, std::move(what)}); }

Item Item::child(std::string_view name, const Value& value) const {
  return {value, key_.empty() ? std::string(name) : fmt::format("{}.{}", key_, name), problems_};
}

bool require(const Item& item, Type type) {
  if (item.value().type == type) return true;
  item.problem(fmt::format("must be {}, not {}", type_text(type), type_text(item.value().type)));
  return false;
}

std::optional<std::string> read_text(const Item& item) {
  if (!require(item, Type::string)) return std::nullopt;
  if (item.value().text.find('\0') == std::string::npos) return item.value().text;
  item.problem("must not hold a NUL character");
  return std::nullopt;
}

std::optional<bool> read_boolean(const Item& item) {
  if (!require(item, Type::boolean)) return std::nullopt;
  return item.value().boolean;
}

std::optional<std::int64_t> read_integer(const Item& item, IntegerRange range) {
  const Value& value = item.value();
  if (value.type != Type::oversized_integer && !require(item, Type::integer)) return std::nullopt;
  if (value.type == Type::integer && value.integer >= range.least && value.integer <= range.most) return value.integer;
  item.problem(fmt::format("{} is out of range: {} to {}", value.text, range.least, range.most));
  return std::nullopt;
}

std::optional<std::chrono::microseconds> read_duration(const Item& item, DurationRange range) {
  const Value& value = item.value();
  if (value.type != Type::string) {
    item.problem(fmt::format("must be a duration such as \"500ms\" or \"3s\", not {}", type_text(value.type)));
    return std::nullopt;
  }
  const auto duration = parse_duration(value.text);
  if (!duration && duration.error() == boost::system::errc::invalid_argument) {
    item.problem(fmt::format("malformed duration \"{}\": write a whole number and us, ms, s, m or h, such as \"500ms\"",
                             value.text));
    return std::nullopt;
  }
  if (!duration || *duration < range.least || *duration > range.most) {
    item.problem(fmt::format("\"{}\" is out of range: \"{}\" to \"{}\"", value.text, duration_text(range.least),
                             duration_text(range.most)));
    return std::nullopt;
  }
  return *duration;
}

std::optional<Milliseconds> read_milliseconds(const Item& item, DurationRange range) {
  const auto duration = read_duration(item, range);
  if (!duration) return std::nullopt;
  const auto whole = std::chrono::duration_cast<Milliseconds>(*duration);
  if (whole == *duration) return whole;
  item.problem(fmt::format("\"{}\" is not a whole number of milliseconds", item.value().text));
  return std::nullopt;
}

std::optional<Endpoint> read_endpoint(const Item& item, Port port) {
  const auto text = read_text(item);
  if (!text) return std::nullopt;
  const auto endpoint = parse_endpoint(*text);
  if (!endpoint) {
    if (names_a_host(*text)) item.problem("host names are not supported yet: use an IP address");
    else
      item.problem(
          fmt::format("malformed address \"{}\": write IP:PORT, such as \"10.0.0.11:6379\" or \"[::1]:6379\"", *text));
    return std::nullopt;
  }
  if (endpoint->port == 0 && port == Port::required) {
    item.problem(fmt::format("\"{}\" needs a port from 1 to 65535", *text));
    return std::nullopt;
  }
  return *endpoint;
}

std::optional<Network> read_network(const Item& item) {
  const auto text = read_text(item);
  if (!text) return std::nullopt;
  const auto network = parse_network(*text);
  if (network) return *network;
  item.problem(
      fmt::format("malformed network \"{}\": write an address or a block such as \"10.0.0.0/8\", with no bits set "
                  "beyond the prefix",
                  *text));
  return std::nullopt;
}

std::optional<std::string> read_name(const Item& item, std::string_view more) {
  const auto text = read_text(item);
  if (!text) return std::nullopt;
  const auto allowed = [&](char c) {
    return is_alphanumeric(c) || c == '_' || c == '.' || c == '-' || more.find(c) != std::string_view::npos;
  };
  if (text->empty()) {
    item.problem("must not be empty");
  } else if (text->size() > longest_name) {
    item.problem(fmt::format("must not be longer than {} characters", longest_name));
  } else if (!std::ranges::all_of(*text, allowed)) {
    item.problem(fmt::format("\"{}\" may hold only letters, digits and _.-{}", *text, more));
  } else {
    return text;
  }
  return std::nullopt;
}

std::optional<std::string> read_path(const Item& item) {
  const auto written = read_text(item);
  if (!written || written->empty()) return written;
  const auto path = std::filesystem::absolute(std::filesystem::path(*item.value().file).parent_path() / *written);
  const auto error = read_file(path, longest_certificates).error;
  if (error.empty()) return path.lexically_normal().string();
  item.problem(fmt::format("\"{}\": {}", *written, error));
  return std::nullopt;
}

std::optional<Secret> read_password_file(const Item& item) {
  const auto path = read_text(item);
  if (!path) return std::nullopt;
  if (path->empty()) return Secret{};
  const auto beside = std::filesystem::path(*item.value().file).parent_path();
  auto [text, error] = read_file(beside / *path, longest_password);
  if (error.empty() && text.ends_with('\n')) {
    text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
  }
  if (error.empty() && text.empty()) error = "is empty";
  if (error.empty() && text.find_first_of(std::string_view("\n\0", 2)) != std::string::npos)
    error = "holds more than one line";
  if (error.empty()) return Secret{std::move(text)};
  item.problem(fmt::format("password file \"{}\": {}", *path, error));
  return std::nullopt;
}

std::string unknown_key(std::string_view key, const std::vector<std::string_view>& known) {
  const auto meant = nearest(key, known);
  return meant.empty() ? "unknown key" : fmt::format("unknown key; did you mean \"{}\"?", meant);
}

}  // namespace sengu::config
