// Raw sockets in small values: an address, and the few calls that the data plane and the probes make on a socket.
// Knows no session, no route and no Asio.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "config/base/types.hpp"
#include "health/net/fd.hpp"

namespace sengu::net {

/// An IPv4 or IPv6 socket address (28 bytes: an idle session pays for each of them).
class SocketAddress {
 public:
  SocketAddress() : storage_{} {}
  /// Errors: std::errc::invalid_argument where the host is not an address in text form.
  static boost::system::result<SocketAddress> from(const Endpoint& endpoint);
  static SocketAddress local_of(int fd);
  static SocketAddress peer_of(int fd);

  sockaddr* data() { return &storage_.any; }
  const sockaddr* data() const { return &storage_.any; }
  socklen_t size() const;
  static constexpr socklen_t capacity() { return sizeof(Storage); }
  int family() const { return storage_.any.sa_family; }
  Endpoint endpoint() const;
  /// Is this address inside the block? An IPv4 address is looked at as ::ffff:a.b.c.d.
  bool in(const Network& network) const;

 private:
  union Storage {
    sockaddr_in6 v6;
    sockaddr_in v4;
    sockaddr any;
  } storage_;
};

/// Is the address in one of the blocks? No block at all permits every address.
bool permitted(const SocketAddress& address, std::span<const Network> allow);

/// SO_KEEPALIVE: a peer that is gone without a word is noticed after five minutes of silence.
void keep_alive(int fd);

/// A listening, non-blocking socket whose accepted sockets inherit TCP_NODELAY, a bounded receive buffer and
/// keep_alive(). It may be bound before its address exists (IP_FREEBIND). Throws std::system_error with the address in
/// its text.
Fd listen_on(const Endpoint& endpoint);

/// A non-blocking TCP socket with the same three options; empty, with errno set, where the system gives none.
Fd stream_socket(int family);

/// Takes the pending error from the socket; 0 where there is none.
int pending_error(int fd);

/// Is the socket connected to itself? A connect to a port of this host without a listener may end so (simultaneous
/// open).
bool met_itself(int fd);

/// Has the peer ended its sending side, or gone? What it sent before may still wait to be read.
bool has_ended(int fd);

/// Bytes that can be read now, without the FIN.
std::size_t readable_bytes(int fd);

/// Bytes written but not yet acknowledged by the peer's kernel.
std::size_t unsent_bytes(int fd);

}  // namespace sengu::net
