// The small vocabulary every layer shares: an address, a block of them, a secret.
// Plain values with their text forms. Knows no socket and no name service.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace sengu {

using Milliseconds = std::chrono::milliseconds;

/// A host and a TCP port. The host is an IPv4 or IPv6 address in its usual text form, without brackets.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

/// "10.0.0.1:6379" or "[::1]:6379".
std::string to_string(const Endpoint& endpoint);

/// The reverse of to_string. Errors: std::errc::invalid_argument where host or port is missing or malformed.
/// Port 0 is allowed here; the caller refuses it where it makes no sense.
boost::system::result<Endpoint> parse_endpoint(std::string_view text);

/// A password: never printed, not even by accident.
struct Secret {
  std::string value;
  bool empty() const { return value.empty(); }
};

/// An address block such as "10.0.0.0/8"; a plain address is a block of one.
struct Network {
  std::string text;                        // as the operator wrote it
  std::array<std::uint8_t, 16> address{};  // IPv4 as ::ffff:a.b.c.d
  unsigned prefix = 128;                   // 0..128, over the mapped form
};

boost::system::result<Network> parse_network(std::string_view text);

}  // namespace sengu
