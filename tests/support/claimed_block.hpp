// A loopback /24 of a test process's own, for servers whose port is fixed. The claim is sengu_e2e/net.py's: whoever
// runs at the same time, in C++ or in Python, has another one.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>

namespace sengu::test {

/// "127.x.y" for each `use` of this process. The bound socket is the claim: it ends with the process.
inline const std::string& claimed_block(int use = 0) {
  static std::map<int, std::string> claimed;
  static std::random_device random;
  std::string& block = claimed[use];
  while (block.empty()) {
    const std::uint32_t x = 100 + random() % 151, y = random() % 256;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(1024);
    address.sin_addr.s_addr = htonl(127U << 24 | x << 16 | y << 8 | 254U);
    const int claim = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(claim, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(claim, 1) == 0)
      block = "127." + std::to_string(x) + "." + std::to_string(y);
    else ::close(claim);
  }
  return block;
}

}  // namespace sengu::test
