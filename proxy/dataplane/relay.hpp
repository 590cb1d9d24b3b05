// The two-way flow of one session between two connected sockets: half-close aware, with back-pressure, without a buffer
// while idle. Small messages are copied through the worker's buffer, a sustained stream is spliced through a pipe.
// Its session tells it which socket is ready. Knows no epoll set, no route, and of the clock only the end of the lease.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "health/model/time.hpp"
#include "health/net/socket.hpp"
#include "proxy/dataplane/counters.hpp"
#include "proxy/dataplane/pipe_pool.hpp"
#include "proxy/dataplane/ready_set.hpp"

namespace sengu::proxy {

/// What the relay borrows for one call.
struct RelayScratch {
  std::span<char> buffer;  // one per worker, 256 KiB; nothing stays in it between calls
  GroupCounters& counters;
  PipePool& pipes;
  /// Bytes that were read may be passed on until then. Later they wait for resume(), and their socket is not read.
  /// max(): bytes may always be passed on.
  health::Time lease_end = health::Time::max();
};

class Relay {
 public:
  enum class Status : std::uint8_t {
    running,   // waits for readiness
    again,     // stopped for fairness with bytes left to read: call resume() soon, epoll will not say so
    finished,  // both directions ended: close both sockets
    reset,     // one peer sent a RST (or is gone): wait, bounded, for settled(), then reset both sockets
  };

  void set(Peer peer, net::Fd fd) { side(peer).fd = std::move(fd); }
  int fd(Peer peer) const { return sides_[index(peer)].fd.get(); }

  Status ready(Peer peer, std::uint32_t events, const RelayScratch& scratch);
  /// Goes on with each direction that stopped for fairness, or whose bytes wait to be passed on.
  Status resume(const RelayScratch& scratch);
  /// Bytes wait that were read and not passed on.
  bool blocked() const;
  /// After `reset`: has the living peer's kernel acknowledged all that came from the dead one?
  bool settled() const;
  /// After `reset`: the peer that was lost first.
  Peer reset_by() const { return reset_by_; }
  /// Whether a side has a long stream, which is read by the bulk (SO_RCVLOWAT): epoll does not report less than a bulk
  /// until wait_for_any().
  bool waits_for_bulk() const { return waits_for_bulk(sides_[0]) || waits_for_bulk(sides_[1]); }
  /// To be called when nothing came for a millisecond. Epoll then reports the bytes that wait, however few.
  void wait_for_any();
  /// Bytes read from that peer.
  std::uint64_t bytes_from(Peer peer) const { return sides_[index(peer)].bytes; }

  void close(Peer peer) { side(peer).fd.close(); }
  void reset(Peer peer) { side(peer).fd.reset(); }
  /// Resets the server's side to its first state, after a connect failed.
  void forget_server() { side(Peer::server) = Side(); }

 private:
  /// The direction *from* a side.
  enum class Flow : std::uint8_t {
    flowing,
    more,     // left off for fairness
    blocked,  // the other socket takes no more, or the lease has run out: bytes are pending, nothing more is read
    ended,    // EOF passed on, or pointless since one side was reset
  };
  /// Which read shows that a socket is empty: one that does not fill the buffer, or only one that would block.
  enum class ReadUntil : std::uint8_t { short_read, would_block };
  /// How the bytes of a side are moved.
  enum class Way : std::uint8_t {
    by_burst,   // spliced while Side::burst is that of a stream, else copied
    copy_only,  // after urgent data, a reset or perhaps the end: splice stops at an urgent mark
  };
  /// empty: stop reading. Epoll will report when there is more to read, or there will be no more.
  enum class Step : std::uint8_t { moved, empty };
  enum class Wake : std::uint8_t { any, bulk };     // how many bytes must wait before epoll reports the socket
  enum class Life : std::uint8_t { alive, reset };  // kept, since a socket reports its error once and then reads EOF

  struct Side {
    net::Fd fd;
    Flow flow = Flow::flowing;
    ReadUntil until = ReadUntil::short_read;
    Life life = Life::alive;
    Way way = Way::by_burst;
    Wake wake = Wake::any;
    // How many bytes were read from this side lately, at most 16 MiB: tells a stream from single messages. A turn with
    // little to read halves the number. A read from the other side halves it too if this side had a stream, since its
    // next reply is likely a stream again; if not, such a read sets it to 0.
    std::uint32_t burst = 0;
    std::uint32_t pending_begin = 0;
    std::uint32_t pending_end = 0;
    // Bytes read from this side and not yet written to the other: at most one scratch buffer (256 KiB), only while the
    // direction is blocked. Smaller reads would lower this bound, and cost a stream twice the CPU (measured).
    std::unique_ptr<char[]> pending;
    PipePool::Loan pipe;  // only while it is filled, or in pump()
    std::uint64_t bytes = 0;
  };

  /// False for a blocked direction: the relay does not wait for bytes to read there.
  static bool waits_for_bulk(const Side& side) { return side.wake == Wake::bulk && side.flow == Flow::flowing; }
  static constexpr std::size_t index(Peer peer) { return static_cast<std::size_t>(peer); }
  static constexpr Peer other(Peer peer) { return peer == Peer::client ? Peer::server : Peer::client; }
  Side& side(Peer peer) { return sides_[index(peer)]; }
  Status status() const;
  void pump(Peer from, const RelayScratch& scratch);
  Step move_once(Peer from, const RelayScratch& scratch);
  Step copy_once(Peer from, const RelayScratch& scratch);
  Step splice_once(Peer from, const RelayScratch& scratch);
  Step nothing_read(Peer from, ssize_t result, const RelayScratch& scratch);
  void account(Peer from, std::size_t size, const RelayScratch& scratch);
  void pass_on(Peer from, std::span<const char> bytes, const RelayScratch& scratch);
  void keep(Peer from, std::span<const char> bytes);
  void flush(Peer from, const RelayScratch& scratch);
  void flush_pending(Peer from, const RelayScratch& scratch);
  void flush_pipe(Peer from, const RelayScratch& scratch);
  void wake_for(Peer from, Wake wake);
  void end(Peer from);
  void lost(Peer peer, const RelayScratch& scratch);

  std::array<Side, 2> sides_;
  Peer reset_by_ = Peer::client;  // means something only where a side is Life::reset
};

}  // namespace sengu::proxy
