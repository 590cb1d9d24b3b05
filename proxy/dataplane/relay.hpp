// The two-way flow of one session between two connected sockets: half-close aware, with back-pressure, without a buffer
// while idle. Small messages are copied through the worker's buffer, a sustained stream is spliced through a pipe.
// Told of readiness by its owner; knows no epoll and no route, and of the clock only whether it has run out.
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
  std::span<char> buffer;  // one per worker, 64-256 KiB; nothing stays in it between calls
  GroupCounters& counters;
  PipePool& pipes;
  /// What was read is passed on only until then; later it waits, with its socket, for resume(). max(): always.
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
  /// Goes on where it left off for fairness, or where it was not allowed to pass on.
  Status resume(const RelayScratch& scratch);
  /// Bytes wait that were read and not passed on.
  bool blocked() const;
  /// After `reset`: has the living peer's kernel acknowledged all that came from the dead one?
  bool settled() const;
  /// After `reset`: the peer that was lost first.
  Peer reset_by() const { return reset_by_; }
  /// A long stream is read by the bulk (SO_RCVLOWAT): less than that waits unseen until wait_for_any().
  bool waits_for_bulk() const { return waits_for_bulk(sides_[0]) || waits_for_bulk(sides_[1]); }
  /// To be called when nothing came for a millisecond. Epoll then tells of what waits, however little.
  void wait_for_any();
  /// Bytes read from that peer.
  std::uint64_t bytes_from(Peer peer) const { return sides_[index(peer)].bytes; }

  void close(Peer peer) { side(peer).fd.close(); }
  void reset(Peer peer) { side(peer).fd.reset(); }
  /// Gives back what a failed attempt left of the server's side.
  void forget_server() { side(Peer::server) = Side(); }

 private:
  /// The direction *from* a side.
  enum class Flow : std::uint8_t {
    flowing,
    more,      // left off for fairness
    blocked,   // the other socket takes no more, or time has run out: the remainder is pending, nothing is read
    ended,     // EOF passed on, or pointless since one side was reset
  };
  enum class ReadUntil : std::uint8_t { short_read, would_block };
  enum class Way : std::uint8_t {
    by_burst,   // spliced while the burst is a stream, else copied
    copy_only,  // urgent data, a reset or perhaps the end: splice stops at an urgent mark
  };
  enum class Step : std::uint8_t { moved, empty };  // empty: epoll says when there is more to read, or nothing will be
  enum class Wake : std::uint8_t { any, bulk };     // how much must have come for epoll to say so
  enum class Life : std::uint8_t { alive, reset };  // a socket reports its error once, later reads say EOF

  struct Side {
    net::Fd fd;
    Flow flow = Flow::flowing;
    ReadUntil until = ReadUntil::short_read;
    Life life = Life::alive;
    Way way = Way::by_burst;
    Wake wake = Wake::any;
    // Bytes read of late, at most 16 MiB. Halved by each turn with little to read and by each message of the other side, which
    // ends it where it was no stream yet: after a stream the next reply likely is one too.
    std::uint32_t burst = 0;
    std::uint32_t pending_begin = 0;
    std::uint32_t pending_end = 0;
    // Read from this side, not yet written to the other: at most one scratch buffer (256 KiB), only while the other side
    // takes no more. Smaller reads would bound it lower, and cost a stream twice the CPU (measured).
    std::unique_ptr<char[]> pending;
    PipePool::Loan pipe;  // only while it is filled, or in pump()
    std::uint64_t bytes = 0;
  };

  /// Where the other side takes no more nothing is waited for but its readiness.
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
  Peer reset_by_ = Peer::client;       // means something only where a side is Life::reset
};

}  // namespace sengu::proxy
