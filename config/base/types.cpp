// The text forms of an address and of an address block. Strict: what is accepted is what the operator meant, and the
// host comes out in its canonical form, so that two spellings of one address compare equal. Resolves no names.
#include "config/base/types.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace sengu {
namespace {

struct Address {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d
  std::string text;
};

std::optional<Address> parse_v4(const std::string& text) {
  in_addr raw{};
  if (inet_pton(AF_INET, text.c_str(), &raw) != 1) return std::nullopt;
  Address address{{}, text};
  address.bytes[10] = address.bytes[11] = 0xff;
  std::memcpy(address.bytes.data() + 12, &raw, 4);
  return address;
}

std::optional<Address> parse_v6(const std::string& text) {
  in6_addr raw{};
  if (inet_pton(AF_INET6, text.c_str(), &raw) != 1) return std::nullopt;
  char canonical[INET6_ADDRSTRLEN];
  if (inet_ntop(AF_INET6, &raw, canonical, sizeof canonical) == nullptr) return std::nullopt;
  Address address{{}, canonical};
  std::memcpy(address.bytes.data(), &raw, 16);
  return address;
}

std::optional<unsigned> parse_decimal(std::string_view text, unsigned most) {
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (text.empty() || leading_zero || text.front() < '0' || text.front() > '9') return std::nullopt;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > most) return std::nullopt;
  return number;
}

bool has_bits_beyond(const std::array<std::uint8_t, 16>& address, unsigned prefix) {
  for (unsigned bit = prefix; bit < 128; ++bit)
    if ((address[bit / 8] >> (7 - bit % 8)) & 1) return true;
  return false;
}

const auto invalid = make_error_code(boost::system::errc::invalid_argument);

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

boost::system::result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find('\0') != std::string_view::npos) return invalid;
  const auto host = text.substr(0, colon);
  const auto port = parse_decimal(text.substr(colon + 1), 65535);
  if (!port) return invalid;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto address = bracketed ? parse_v6(std::string(host.substr(1, host.size() - 2))) : parse_v4(std::string(host));
  if (!address) return invalid;
  return Endpoint{address->text, static_cast<std::uint16_t>(*port)};
}

boost::system::result<Network> parse_network(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return invalid;
  const auto slash = text.find('/');
  const std::string host(text.substr(0, slash));
  const bool v6 = host.find(':') != std::string::npos;
  const auto address = v6 ? parse_v6(host) : parse_v4(host);
  if (!address) return invalid;
  Network network{std::string(text), address->bytes, 128};
  if (slash == std::string_view::npos) return network;
  const auto prefix = parse_decimal(text.substr(slash + 1), v6 ? 128 : 32);
  if (!prefix) return invalid;
  network.prefix = *prefix + (v6 ? 0 : 96);
  if (has_bits_beyond(network.address, network.prefix))
    return invalid;  // 10.0.0.1/8: a typing error, in a list of trust
  return network;
}

}  // namespace sengu
