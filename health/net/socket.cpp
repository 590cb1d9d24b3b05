// See socket.hpp.
#include "health/net/socket.hpp"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace sengu::net {
namespace {

constexpr int backlog = 4096;  // the kernel caps it at net.core.somaxconn

// A peer that is gone without a word is found after 300 s, as long as Redis itself takes (tcp-keepalive 300); the
// kernel's own 7200 s would let dead clients fill max_connections. In seconds.
constexpr int keep_alive_idle = 225;
constexpr int keep_alive_interval = 25;
constexpr int keep_alive_probes = 3;

int set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value); }

int set_on(int fd, int level, int name) { return set(fd, level, name, 1); }

// A sender may push the sum of four buffers into a reader that stands still. Linux 6.17 raised the size to which it
// grows this one from 6 to 32 MiB (tcp_rmem), so we set the old bound: the kernel doubles the number. In bytes.
constexpr int receive_buffer = 3 * 1024 * 1024;

/// May we ask for that much (net.core.rmem_max; 4 MiB since Linux 6.17, 208 KiB before)? If not the kernel's bound is
/// good.
bool may_set_receive_buffer() {
  const Fd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int size = 0;
  socklen_t length = sizeof size;
  return set(probe.get(), SOL_SOCKET, SO_RCVBUF, receive_buffer) == 0 &&
         getsockopt(probe.get(), SOL_SOCKET, SO_RCVBUF, &size, &length) == 0 && size >= 2 * receive_buffer;
}

void bound_receive_buffer(int fd) {
  static const bool may = may_set_receive_buffer();
  if (may) set(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer);
}

std::array<std::uint8_t, 16> mapped(const SocketAddress& address) {
  std::array<std::uint8_t, 16> bytes{};
  if (address.family() == AF_INET6) {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr, 16);
  } else {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + 12, &reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr, 4);
  }
  return bytes;
}

}  // namespace

boost::system::result<SocketAddress> SocketAddress::from(const Endpoint& endpoint) {
  SocketAddress address;
  if (inet_pton(AF_INET, endpoint.host.c_str(), &address.storage_.v4.sin_addr) == 1) {
    address.storage_.v4.sin_family = AF_INET;
    address.storage_.v4.sin_port = htons(endpoint.port);
    return address;
  }
  address = SocketAddress();
  if (inet_pton(AF_INET6, endpoint.host.c_str(), &address.storage_.v6.sin6_addr) == 1) {
    address.storage_.v6.sin6_family = AF_INET6;
    address.storage_.v6.sin6_port = htons(endpoint.port);
    return address;
  }
  return boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
}

SocketAddress SocketAddress::local_of(int fd) {
  SocketAddress address;
  socklen_t size = capacity();
  getsockname(fd, address.data(), &size);
  return address;
}

SocketAddress SocketAddress::peer_of(int fd) {
  SocketAddress address;
  socklen_t size = capacity();
  getpeername(fd, address.data(), &size);
  return address;
}

socklen_t SocketAddress::size() const { return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }

Endpoint SocketAddress::endpoint() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text.data(), text.size());
    return {text.data(), ntohs(storage_.v6.sin6_port)};
  }
  if (family() != AF_INET) return {};
  inet_ntop(AF_INET, &storage_.v4.sin_addr, text.data(), text.size());
  return {text.data(), ntohs(storage_.v4.sin_port)};
}

bool SocketAddress::in(const Network& network) const {
  const auto bytes = mapped(*this);
  const unsigned whole = network.prefix / 8;
  const unsigned rest = network.prefix % 8;
  if (!std::equal(bytes.begin(), bytes.begin() + whole, network.address.begin())) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (bytes[whole] & mask) == (network.address[whole] & mask);
}

bool permitted(const SocketAddress& address, std::span<const Network> allow) {
  return allow.empty() || std::any_of(allow.begin(), allow.end(), [&](const Network& n) { return address.in(n); });
}

Fd listen_on(const Endpoint& endpoint) {
  const auto fail = [&](int error, const char* what) {
    throw std::system_error(error, std::generic_category(), std::string(what) + " " + to_string(endpoint));
  };
  const auto address = SocketAddress::from(endpoint);
  if (!address) fail(EINVAL, "cannot listen on");
  Fd fd(::socket(address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) fail(errno, "cannot make a socket for");
  set_on(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  keep_alive(fd.get());
  set_on(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  bound_receive_buffer(fd.get());
  if (address->family() == AF_INET6) {
    set_on(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
    set_on(fd.get(), IPPROTO_IPV6, IPV6_FREEBIND);
  } else {
    set_on(fd.get(), IPPROTO_IP, IP_FREEBIND);
  }
  if (::bind(fd.get(), address->data(), address->size()) != 0) fail(errno, "cannot bind");
  if (::listen(fd.get(), backlog) != 0) fail(errno, "cannot listen on");
  return fd;
}

Fd stream_socket(int family) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd) {
    set_on(fd.get(), IPPROTO_TCP, TCP_NODELAY);
    bound_receive_buffer(fd.get());
    keep_alive(fd.get());
  }
  return fd;
}

void keep_alive(int fd) {
  set_on(fd, SOL_SOCKET, SO_KEEPALIVE);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_idle);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive_interval);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, keep_alive_probes);
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

bool met_itself(int fd) {
  const auto local = SocketAddress::local_of(fd);
  const auto peer = SocketAddress::peer_of(fd);
  return peer.family() != AF_UNSPEC && std::memcmp(local.data(), peer.data(), local.size()) == 0;
}

bool has_ended(int fd) {
  pollfd entry{fd, POLLRDHUP, 0};
  return ::poll(&entry, 1, 0) == 1;
}

std::size_t readable_bytes(int fd) {
  int count = 0;
  return ioctl(fd, SIOCINQ, &count) == 0 ? static_cast<std::size_t>(count) : 0;
}

std::size_t unsent_bytes(int fd) {
  int count = 0;
  return ioctl(fd, SIOCOUTQ, &count) == 0 ? static_cast<std::size_t>(count) : 0;
}

}  // namespace sengu::net
