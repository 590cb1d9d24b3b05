// Packets of the MySQL protocol, for a server that is played by a test (protocol documentation, "Connection Phase").
#pragma once

#include <string>
#include <string_view>

namespace sengu::test {

inline std::string mysql_packet(unsigned sequence, std::string_view payload) {
  std::string packet{static_cast<char>(payload.size() & 0xff), static_cast<char>(payload.size() >> 8 & 0xff), '\0',
                     static_cast<char>(sequence)};
  return packet + std::string(payload);
}

inline constexpr unsigned mysql_tls = 0x0800;

/// What a server says first. `capabilities` are the lower 16 of CLIENT_*; all but TLS are what a server needs.
inline std::string mysql_greeting(unsigned capabilities, std::string_view plugin) {
  using namespace std::string_literals;
  const unsigned lower = 0xf7ff | capabilities;
  auto payload = "\x0a"s + "9.7.4-played" + '\0' + "\7\0\0\0"s + "saltsalt" + '\0' + static_cast<char>(lower & 0xff) +
                 static_cast<char>(lower >> 8) + "\x21\2\0\xff\xc1\x15"s + std::string(10, '\0') + "morepepper12" +
                 '\0' + std::string(plugin) + '\0';
  return mysql_packet(0, payload);
}

inline std::string mysql_error(unsigned sequence, unsigned number, std::string_view text) {
  using namespace std::string_literals;
  return mysql_packet(sequence, "\xff"s + static_cast<char>(number & 0xff) + static_cast<char>(number >> 8) + "#HY000" +
                                    std::string(text));
}

}  // namespace sengu::test
