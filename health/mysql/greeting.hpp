// Reads from the first packet of a MySQL or MariaDB server whether the server offers TLS (protocol documentation,
// "Protocol::HandshakeV10"). Pure. The packet is read before the client library answers it: the library would log in in
// clear text where the server, or a machine in between, leaves the flag out.
#pragma once

#include <cstdint>
#include <string_view>

namespace sengu::health::mysql {

enum class TlsOffer : std::uint8_t {
  unknown,  // the packet is not whole yet
  offered,
  absent,
  not_a_greeting,  // an error packet, which the client library reports, or nonsense
};

/// `bytes` are the first that came.
TlsOffer read_greeting(std::string_view bytes);

}  // namespace sengu::health::mysql
