#include "health/net/fd.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace sengu::net {

void Fd::close() {
  if (value_ >= 0) ::close(std::exchange(value_, -1));
}

void Fd::reset() {
  if (value_ < 0) return;
  const linger at_once{1, 0};
  setsockopt(value_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

}  // namespace sengu::net
