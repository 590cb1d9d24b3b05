// See relay.hpp.
#include "proxy/dataplane/relay.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "proxy/dataplane/system_call.hpp"

namespace sengu::proxy {
namespace {

constexpr int max_moves = 4;  // of one direction in one go: 1 MiB copied or 4 MiB spliced; then other sessions are due
// From so many bytes on a burst is a stream, and is spliced. A reply of 64 KiB to each request is cheaper to copy
// (measured).
constexpr std::uint32_t stream_burst = 128 * 1024;
// A burst of so many bytes is read by the bulk, which is what a pipe takes at a time. That makes 3,200 wake-ups per GiB
// instead of 10,200, and takes 0.65 of the CPU. (Where sender, relay and reader share two cores, they then wait for
// each other now and then: 5 to 10 % less throughput.)
constexpr std::uint32_t most_burst = 16 * 1024 * 1024;
constexpr int bulk_size = PipePool::best;
constexpr std::uint64_t little = 16 * 1024;  // to read in one turn
constexpr unsigned splice_flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
constexpr std::uint32_t readable = EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLHUP | EPOLLERR;
// After these a short read does not mean "empty": a FIN may be queued already, or recv stopped at the urgent mark.
constexpr std::uint32_t read_to_the_end = EPOLLRDHUP | EPOLLPRI | EPOLLHUP | EPOLLERR;

/// Checked after each read, before the write (RULES §3.7): a process that was stopped between the two, or before them,
/// must not pass on bytes of an old master.
bool may_pass(const RelayScratch& scratch) {
  return scratch.lease_end == health::Time::max() || std::chrono::steady_clock::now() <= scratch.lease_end;
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Relay::Status Relay::ready(Peer peer, std::uint32_t events, const RelayScratch& scratch) {
  if (events & read_to_the_end) side(peer).until = ReadUntil::would_block;
  if (events & EPOLLPRI) side(peer).way = Way::copy_only;
  if (events & EPOLLERR) lost(peer, scratch);
  else if (events & readable) pump(peer, scratch);
  if ((events & EPOLLOUT) && side(other(peer)).flow == Flow::blocked) pump(other(peer), scratch);
  return status();
}

Relay::Status Relay::resume(const RelayScratch& scratch) {
  for (const Peer from : {Peer::client, Peer::server})
    if (side(from).flow == Flow::more || side(from).flow == Flow::blocked) pump(from, scratch);
  return status();
}

bool Relay::blocked() const {
  return std::any_of(sides_.begin(), sides_.end(), [](const Side& one) { return one.flow == Flow::blocked; });
}

void Relay::wait_for_any() {
  for (const Peer from : {Peer::client, Peer::server})
    if (side(from).wake == Wake::bulk) wake_for(from, Wake::any);
}

Relay::Status Relay::status() const {
  const auto any = [&](auto predicate) { return std::any_of(sides_.begin(), sides_.end(), predicate); };
  if (any([](const Side& s) { return s.flow == Flow::more; })) return Status::again;
  if (any([](const Side& s) { return s.life == Life::reset; })) return Status::reset;
  return any([](const Side& s) { return s.flow != Flow::ended; }) ? Status::running : Status::finished;
}

bool Relay::settled() const {
  for (const Peer dead : {Peer::client, Peer::server}) {
    const Side& from = sides_[index(dead)];
    const Side& to = sides_[index(other(dead))];
    if (from.life == Life::alive || to.life == Life::reset) continue;
    if (from.flow != Flow::ended || net::unsent_bytes(to.fd.get()) != 0) return false;
  }
  return true;
}

/// Moves bytes from one side to the other until there is nothing to read, the other side takes no more, or other
/// sessions are due.
void Relay::pump(Peer from, const RelayScratch& scratch) {
  Side& source = side(from);
  if (source.flow == Flow::blocked) flush(from, scratch);
  if (source.flow == Flow::blocked || source.flow == Flow::ended) return;
  source.flow = Flow::flowing;
  const std::uint64_t before = source.bytes;
  for (int moves = 0; source.flow == Flow::flowing; ++moves) {
    if (moves == max_moves) source.flow = Flow::more;
    else if (move_once(from, scratch) == Step::empty) break;
  }
  if (source.pipe && source.pipe->filled == 0) source.pipe.reset();
  if (source.bytes - before < little) source.burst /= 2;
  if (const Wake fit = source.burst == most_burst ? Wake::bulk : Wake::any; fit != source.wake) wake_for(from, fit);
}

/// When Wake::any is set the kernel checks at once whether bytes wait that epoll should report.
void Relay::wake_for(Peer from, Wake wake) {
  Side& source = side(from);
  source.wake = wake;
  const int least = wake == Wake::bulk ? bulk_size : 1;
  ::setsockopt(source.fd.get(), SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
}

Relay::Step Relay::move_once(Peer from, const RelayScratch& scratch) {
  Side& source = side(from);
  const bool is_stream = source.burst >= stream_burst && source.way == Way::by_burst;
  if (!is_stream) source.pipe.reset();
  else if (!source.pipe) source.pipe = scratch.pipes.borrow();
  return source.pipe ? splice_once(from, scratch) : copy_once(from, scratch);
}

Relay::Step Relay::copy_once(Peer from, const RelayScratch& scratch) {
  const ssize_t count = system_call::recv(side(from).fd.get(), scratch.buffer.data(), scratch.buffer.size());
  if (count <= 0) return nothing_read(from, count, scratch);
  const auto size = static_cast<std::size_t>(count);
  account(from, size, scratch);
  pass_on(from, scratch.buffer.first(size), scratch);
  const bool is_empty = size < scratch.buffer.size() && side(from).until == ReadUntil::short_read;
  return is_empty ? Step::empty : Step::moved;
}

/// A short splice does not mean that the socket is empty: the pipe may have run out of places first. On a socket that
/// is read by the bulk, less than a bulk is not worth another call and is left for later.
Relay::Step Relay::splice_once(Peer from, const RelayScratch& scratch) {
  Side& source = side(from);
  const ssize_t count =
      system_call::splice(source.fd.get(), source.pipe->write_end.get(), source.pipe->capacity, splice_flags);
  if (count == 0) {  // the end, or an urgent mark with a FIN somewhere behind it: recv() tells them apart
    source.way = Way::copy_only;
    return Step::moved;
  }
  if (count < 0) return nothing_read(from, count, scratch);
  source.pipe->filled += static_cast<std::size_t>(count);
  account(from, static_cast<std::size_t>(count), scratch);
  flush_pipe(from, scratch);
  const bool waits = source.wake == Wake::bulk && source.until == ReadUntil::short_read && count < bulk_size;
  return waits && net::readable_bytes(source.fd.get()) < bulk_size ? Step::empty : Step::moved;
}

/// The read ended without a byte: with 0 or, errno set, -1.
Relay::Step Relay::nothing_read(Peer from, ssize_t result, const RelayScratch& scratch) {
  if (result < 0 && errno == EINTR) return Step::moved;
  if (result < 0 && would_block(errno)) {
    side(from).until = ReadUntil::short_read;
  } else if (result == 0) {
    end(from);
  } else {
    side(from).flow = Flow::ended;
    lost(from, scratch);
  }
  return Step::empty;
}

void Relay::account(Peer from, std::size_t size, const RelayScratch& scratch) {
  Side& source = side(from);
  Side& towards = side(other(from));
  source.bytes += size;
  (from == Peer::client ? scratch.counters.bytes_client_to_server : scratch.counters.bytes_server_to_client).add(size);
  source.burst = static_cast<std::uint32_t>(std::min<std::size_t>(source.burst + size, most_burst));
  towards.burst = towards.burst < stream_burst ? 0 : towards.burst / 2;
  if (towards.wake == Wake::bulk) wake_for(other(from), Wake::any);
}

void Relay::pass_on(Peer from, std::span<const char> bytes, const RelayScratch& scratch) {
  const int to = side(other(from)).fd.get();
  while (!bytes.empty()) {
    if (!may_pass(scratch)) return keep(from, bytes);
    const ssize_t count = system_call::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (would_block(errno)) {
      return keep(from, bytes);
    } else if (errno != EINTR) {
      return lost(other(from), scratch);
    }
  }
}

void Relay::keep(Peer from, std::span<const char> bytes) {
  Side& source = side(from);
  source.pending = std::make_unique_for_overwrite<char[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), source.pending.get());
  source.pending_begin = 0;
  source.pending_end = static_cast<std::uint32_t>(bytes.size());
  source.flow = Flow::blocked;
}

void Relay::flush(Peer from, const RelayScratch& scratch) {
  if (side(from).pipe) flush_pipe(from, scratch);
  else flush_pending(from, scratch);
}

void Relay::flush_pending(Peer from, const RelayScratch& scratch) {
  Side& source = side(from);
  const int to = side(other(from)).fd.get();
  while (source.pending_begin < source.pending_end) {
    if (!may_pass(scratch)) return;
    const ssize_t count = system_call::send(to, source.pending.get() + source.pending_begin,
                                            source.pending_end - source.pending_begin, MSG_NOSIGNAL);
    if (count >= 0) source.pending_begin += static_cast<std::uint32_t>(count);
    else if (would_block(errno)) return;
    else if (errno != EINTR) return lost(other(from), scratch);
  }
  source.pending.reset();
  source.flow = Flow::flowing;
}

void Relay::flush_pipe(Peer from, const RelayScratch& scratch) {
  Side& source = side(from);
  source.flow = Flow::blocked;  // until it is empty
  const int to = side(other(from)).fd.get();
  while (source.pipe->filled != 0) {
    if (!may_pass(scratch)) return;
    const ssize_t count = system_call::splice(source.pipe->read_end.get(), to, source.pipe->filled, splice_flags);
    if (count > 0) source.pipe->filled -= static_cast<std::size_t>(count);
    else if (count < 0 && would_block(errno)) return;
    else if (count == 0 || errno != EINTR) return lost(other(from), scratch);
  }
  source.flow = Flow::flowing;
}

/// EOF is passed on as a FIN; the other direction goes on. After a RST it is not: the stream did not end, it was lost.
void Relay::end(Peer from) {
  Side& source = side(from);
  source.flow = Flow::ended;
  if (source.life == Life::alive) ::shutdown(side(other(from)).fd.get(), SHUT_WR);
}

/// `peer` sent a RST, or its socket failed. The bytes that it sent before are still in our kernel and belong to the
/// other peer.
void Relay::lost(Peer peer, const RelayScratch& scratch) {
  Side& source = side(peer);
  Side& towards = side(other(peer));
  if (towards.life == Life::alive) reset_by_ = peer;
  source.life = Life::reset;
  source.until = ReadUntil::would_block;
  source.way = Way::copy_only;
  towards.flow = Flow::ended;
  towards.pending.reset();
  towards.pipe.reset();
  pump(peer, scratch);
}

}  // namespace sengu::proxy
