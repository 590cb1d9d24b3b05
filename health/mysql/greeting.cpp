#include "health/mysql/greeting.hpp"

#include <algorithm>

namespace sengu::health::mysql {

TlsOffer read_greeting(std::string_view bytes) {
  constexpr std::size_t header = 4, longest_version = 255;
  constexpr std::size_t before_capabilities = 4 + 8 + 1;  // connection id, salt, filler
  constexpr unsigned char protocol = 10;
  constexpr unsigned client_ssl = 0x0800;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  if (bytes.size() <= header) return TlsOffer::unknown;
  if (byte(header) != protocol) return TlsOffer::not_a_greeting;
  const std::size_t length = byte(0) + 256u * byte(1) + 65536u * byte(2);
  const auto version_end = bytes.find('\0', header + 1);
  const auto version_size = std::min(version_end, bytes.size()) - header - 1;
  if (version_size > longest_version) return TlsOffer::not_a_greeting;
  if (version_end == std::string_view::npos)
    return bytes.size() < header + length ? TlsOffer::unknown : TlsOffer::not_a_greeting;
  const auto at = version_end + 1 + before_capabilities;
  if (at + 2 > header + length) return TlsOffer::not_a_greeting;
  if (at + 2 > bytes.size()) return TlsOffer::unknown;
  return ((byte(at) + 256u * byte(at + 1)) & client_ssl) != 0 ? TlsOffer::offered : TlsOffer::absent;
}

}  // namespace sengu::health::mysql
