// The options of the data plane's sockets, as the kernel reports them.
#include <netinet/tcp.h>

#include "tests/support/loopback.hpp"

using namespace sengu;
using namespace sengu::test;

namespace {

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &size) == 0);
  return value;
}

/// Seconds until a peer that is gone without a word is noticed.
int noticed_after(int fd) {
  CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
  return option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
         option(fd, IPPROTO_TCP, TCP_KEEPINTVL) * option(fd, IPPROTO_TCP, TCP_KEEPCNT);
}

}  // namespace

TEST_CASE("socket: both sides of a session notice within 300 s that the peer is gone") {
  const Fd listener = net::listen_on({"127.77.5.1", 0});
  auto client = Connection::to(SocketAddress::local_of(listener.get()).endpoint());
  pollfd arrival{listener.get(), POLLIN, 0};
  REQUIRE(::poll(&arrival, 1, 20'000) == 1);
  const Fd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  CHECK(noticed_after(accepted.get()) == 300);  // inherited from the listener
  CHECK(noticed_after(net::stream_socket(AF_INET).get()) == 300);
}
