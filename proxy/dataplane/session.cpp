#include "proxy/dataplane/session.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "config/base/assert.hpp"
#include "health/net/shortage.hpp"
#include "proxy/dataplane/refusal.hpp"

namespace sengu::proxy {
namespace {

using namespace std::chrono_literals;
using health::Reason;
using Clock = std::chrono::steady_clock;

constexpr auto refuse_time = 200ms;  // for the answer to arrive before the RST
constexpr auto reset_time = 200ms;   // for what a reset peer had sent to arrive
constexpr auto reset_poll = 5ms;
constexpr auto first_retry = 20ms;  // after a failed connect; doubles up to 320 ms
constexpr unsigned max_retry_doublings = 4;
constexpr auto bulk_patience = 1ms;  // of silence; then less than a bulk of a long stream is read too
constexpr auto stall = 1s;           // a worker whose turn lasted so long was stopped in the middle
constexpr int max_discards = 64;     // reads of a refused client in one go

/// A shortage on this host, which says nothing about the node.
bool is_local(int error) { return net::is_shortage(error) || error == EADDRNOTAVAIL; }

}  // namespace

std::string_view to_string(Session::State state) {
  switch (state) {
    case Session::State::arrived: return "arrived";
    case Session::State::parked: return "parked";
    case Session::State::connecting: return "connecting";
    case Session::State::relaying: return "relaying";
    case Session::State::resetting: return "resetting";
    case Session::State::refusing: return "refusing";
    case Session::State::cut: return "cut";
    case Session::State::closed: return "closed";
  }
  return "?";
}

bool may_become(Session::State from, Session::State to) {
  using enum Session::State;
  if (to == closed) return from != closed;
  switch (from) {
    case arrived: return to == parked || to == connecting || to == refusing;
    case parked: return to == connecting || to == refusing;
    case connecting: return to == connecting || to == relaying || to == parked || to == refusing;
    case relaying: return to == resetting || to == cut;
    case resetting:
    case refusing:
    case cut:
    case closed: return false;
  }
  return false;
}

Session::Session(WorkerContext& context, Arrival arrival)
    : context_(context), group_(arrival.group), reason_(arrival.refused), role_(arrival.role),
      place_(arrival.refused == Reason::none ? Place::admitted : Place::refused), accepted_(arrival.accepted),
      from_(arrival.from) {
  relay_.set(Peer::client, std::move(arrival.client));
}

Session::~Session() {
  if (state_ != State::closed) reset(Reason::stopping);
}

void Session::start() {
  if (!context_.ready.add(relay_.fd(Peer::client), *this, Peer::client)) return finish(SessionEnd::left, Reason::none);
  if (reason_ != Reason::none) return refuse(reason_);
  seek();
}

void Session::enter(State state) {
  SENGU_ASSERT(may_become(state_, state));
  state_ = state;
}

/// Looks for a place under the worker's current table.
void Session::seek() {
  const Placement found =
      place({group_, role_, failed_node_}, *context_.table, context_.settings.proxy.zone, shared().node_sessions);
  switch (found.verdict) {
    case Verdict::connect: return connect(found.tag);
    case Verdict::park: return park(found.reason);
    case Verdict::refuse: return refuse(found.reason);
  }
}

void Session::park(Reason reason) {
  if (net::has_ended(relay_.fd(Peer::client))) return drop_abandoned(reason);
  const health::Time limit = accepted_ + settings().failover.hold_timeout;
  if (state_ != State::parked) {
    if (Clock::now() >= limit) return refuse(Reason::hold_timeout);
    if (!take_place(shared().parked, settings().failover.hold_max)) return refuse(Reason::hold_full);
    enter(State::parked);
  }
  reason_ = reason;
  wake_at(limit);
}

/// The client ended its sending side while it waited for a server. The application has given up, and may since have
/// sent the same bytes, or newer ones, over another connection. No server may execute the older bytes after those, so
/// they are passed to none. A client that sent bytes is told why, since it may only have half-closed.
void Session::drop_abandoned(Reason reason) {
  if (net::readable_bytes(relay_.fd(Peer::client)) == 0) return finish(SessionEnd::left, reason);
  refuse(reason);
}

void Session::park_for_retry() {
  park(Reason::connect_failed);
  if (state_ != State::parked) return;
  const auto wait = first_retry * (1 << std::min<unsigned>(failed_connects_++, max_retry_doublings));
  failed_connects_ = std::min<std::uint8_t>(failed_connects_, max_retry_doublings);
  if (const auto at = Clock::now() + wait; at < deadline_) wake_at(at);
}

void Session::leave_parking() {
  if (state_ == State::parked) shared().parked.fetch_sub(1, std::memory_order_relaxed);
  sleep();
}

void Session::connect(const SessionTag& tag) {
  SENGU_ASSERT(may_begin(tag, *context_.table));
  const auto address = net::SocketAddress::from(settings().nodes[health::index(tag.node)].address);
  leave_parking();
  enter(State::connecting);
  tag_ = tag;
  node_ = tag.node;
  shared().node_sessions[health::index(tag.node)].fetch_add(1, std::memory_order_relaxed);
  connecting_since_ = Clock::now();
  if (!address) return connect_error(EINVAL);
  net::Fd fd = net::stream_socket(address->family());
  if (!fd) return connect_error(errno);
  const int result = ::connect(fd.get(), address->data(), address->size());
  if (result != 0 && errno != EINPROGRESS) return connect_error(errno);
  relay_.set(Peer::server, std::move(fd));
  if (!context_.ready.add(relay_.fd(Peer::server), *this, Peer::server)) return connect_error(errno);
  if (result == 0) return connected(0);
  wake_at(connecting_since_ + settings().connect_timeout);
}

void Session::connect_ready(std::uint32_t events) {
  if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) return;
  if (const int error = net::pending_error(relay_.fd(Peer::server))) return connect_error(error);
  connected(events);
}

void Session::connected(std::uint32_t server_events) {
  if (net::met_itself(relay_.fd(Peer::server))) return connect_error(ECONNREFUSED);
  if (!may_begin(tag_, *context_.table)) {  // again, before the first byte (RULES §3.3)
    abandon_connect();
    return seek();
  }
  sleep();
  enter(State::relaying);
  failed_connects_ = 0;
  last_ready_ = Clock::now();
  if (settings().idle_timeout != 0ms) wake_at(last_ready_ + settings().idle_timeout);
  auto& counters = context_.counters[group_];
  counters.connected_after(Clock::now() - connecting_since_);
  counters.sessions_total[health::index(tag_.node)].add(1);
  Relay::Status status = Relay::Status::running;
  if (early_events_ != 0) status = relay_.ready(Peer::client, early_events_, scratch());
  if (server_events & ~EPOLLOUT) status = relay_.ready(Peer::server, server_events, scratch());
  act_on(status);
}

void Session::connect_error(int error) {
  const health::NodeId node = tag_.node;
  abandon_connect();
  failed_node_ = node;
  if (!is_local(error)) context_.connect_failed(group_, node);
  park_for_retry();
}

/// Nothing was passed in either direction yet: the client may go elsewhere.
void Session::abandon_connect() {
  sleep();
  reset_socket(Peer::server);
  relay_.forget_server();
  leave_node();
}

void Session::ready(Peer peer, std::uint32_t events) {
  switch (state_) {
    case State::arrived:
    case State::parked:
    case State::connecting:
      if (peer == Peer::client) return client_ready_early(events);
      if (state_ == State::connecting) connect_ready(events);
      return;
    case State::relaying:
    case State::resetting: last_ready_ = context_.turn_began; return act_on(relay_.ready(peer, events, scratch()));
    case State::refusing: return read_away();
    case State::cut:
    case State::closed: return;
  }
}

/// The client is ready before there is a server: its bytes wait in the kernel.
void Session::client_ready_early(std::uint32_t events) {
  early_events_ |= events & ~EPOLLOUT;
  if (events & (EPOLLERR | EPOLLHUP)) return finish(SessionEnd::left, reason_);
  if (state_ == State::parked && (events & EPOLLRDHUP)) drop_abandoned(reason_);
}

void Session::act_on(Relay::Status status) {
  switch (status) {
    case Relay::Status::running:
      if (relay_.waits_for_bulk()) wake_at(context_.turn_began + bulk_patience);
      return;
    case Relay::Status::again: return come_again();
    case Relay::Status::finished: return finish(SessionEnd::finished, Reason::none);
    case Relay::Status::reset: break;
  }
  if (state_ == State::relaying) {
    enter(State::resetting);
    resetting_until_ = Clock::now() + reset_time;
  }
  if (!relay_.settled() && Clock::now() < resetting_until_) return wake_at(Clock::now() + reset_poll);
  reset_socket(Peer::client);
  reset_socket(Peer::server);
  finish(relay_.reset_by() == Peer::client ? SessionEnd::client_reset : SessionEnd::server_reset, Reason::none);
}

/// Sessions to a reader pass bytes as long as the table allows it; sessions to a master only as long as the control
/// thread renews the lease as well.
health::Time Session::lease_end() const {
  if (tag_.epoch == 0) return health::Time::max();
  return may_relay(tag_, *context_.table) ? context_.lease_end : health::Time::min();
}

void Session::resume() {
  again_ = Again::idle;
  last_ready_ = context_.turn_began;
  if (state_ == State::relaying || state_ == State::resetting) return act_on(relay_.resume(scratch()));
  if (state_ == State::refusing) read_away();
}

void Session::deadline_passed() {
  sleep();
  switch (state_) {
    case State::parked:
      if (Clock::now() >= accepted_ + settings().failover.hold_timeout) return refuse(Reason::hold_timeout);
      if (net::has_ended(relay_.fd(Peer::client))) return drop_abandoned(reason_);
      return seek();
    case State::connecting: return connect_error(ETIMEDOUT);
    case State::resetting: return act_on(Relay::Status::reset);
    case State::refusing: return finish(SessionEnd::refused, reason_);
    case State::relaying:
      relay_.wait_for_any();
      if (settings().idle_timeout != 0ms) end_if_idle();
      return;
    case State::arrived:
    case State::cut:
    case State::closed: return;
  }
}

/// Messages do not move the deadline: only when it has passed the session looks how long ago the last message was.
void Session::end_if_idle() {
  const health::Time now = Clock::now();
  if (was_held_up(now)) last_ready_ = now;
  const health::Time due = last_ready_ + settings().idle_timeout;
  if (now < due) return wake_at(due);
  if (relay_.blocked()) return reset(Reason::idle_timeout);  // with a FIN the reply would look complete
  context_.counters[group_].cut[static_cast<std::size_t>(Reason::idle_timeout)].add(1);
  finish(SessionEnd::cut, Reason::idle_timeout);
}

/// Whether sengu held the session up: its bytes may not pass at this moment, or the worker did not come to them.
bool Session::was_held_up(health::Time now) const {
  if (lease_end() < now || now - context_.turn_began > stall) return true;
  return !relay_.blocked() &&
         net::readable_bytes(relay_.fd(Peer::client)) + net::readable_bytes(relay_.fd(Peer::server)) != 0;
}

void Session::table_changed() {
  switch (state_) {
    case State::parked: return wake_at(accepted_);  // due at once, the oldest first
    case State::connecting:
      if (may_begin(tag_, *context_.table)) return;
      abandon_connect();
      return seek();
    case State::relaying:
    case State::resetting:
      if (!allowed(tag_, *context_.table)) return cut(tag_.epoch != 0 ? Reason::switched : Reason::node_changed);
      if (relay_.blocked()) come_again();  // perhaps it waited for this
      return;
    case State::arrived:
    case State::refusing:
    case State::cut:
    case State::closed: return;
  }
}

void Session::lease_renewed() {
  const bool relays = state_ == State::relaying || state_ == State::resetting;
  if (relays && relay_.blocked()) come_again();  // perhaps it waited for this
}

/// From here on the session passes no byte: that is what the barrier waits for. The RSTs may follow later, since those
/// of 10,000 sessions take the kernel 140 ms. Where a peer is known to take nothing the RSTs are sent at once, since
/// only a RST drops the bytes that wait for this peer. (Bytes that passed before the cut, and wait in a send buffer
/// that is not full, may leave until the RST. To ask the kernel for them takes 13 ms.)
void Session::cut(Reason reason) {
  if (state_ == State::resetting || relay_.blocked()) return reset(reason);
  enter(State::cut);
  reason_ = reason;
  context_.counters[group_].cut[static_cast<std::size_t>(reason)].add(1);
  context_.to_reset.push_back(this);
}

void Session::end_cut() {
  reset_socket(Peer::server);
  reset_socket(Peer::client);
  finish(SessionEnd::cut, reason_);
}

void Session::reset(Reason reason) {
  if (state_ == State::closed) return;
  if (state_ == State::relaying || state_ == State::resetting)
    context_.counters[group_].cut[static_cast<std::size_t>(reason)].add(1);
  if (state_ != State::cut) reason_ = reason;
  end_cut();
}

void Session::refuse(Reason reason) {
  leave_parking();
  enter(State::refusing);
  reason_ = reason;
  context_.counters[group_].refused[static_cast<std::size_t>(reason)].add(1);
  const std::string text = refusal(settings(), reason, context_.table->groups[health::index(group_)].route.reason);
  const int client = relay_.fd(Peer::client);
  // A fresh socket takes so short a text whole, or the client is gone.
  if (!text.empty() && ::send(client, text.data(), text.size(), MSG_NOSIGNAL) < 0)
    return finish(SessionEnd::refused, reason);
  ::shutdown(client, SHUT_WR);
  wake_at(Clock::now() + refuse_time);
  read_away();
}

/// A close with unread bytes sends a RST that overtakes the answer (it was lost in 50 of 50 tries): so read them away.
void Session::read_away() {
  for (int i = 0; i < max_discards; ++i) {
    const ssize_t count = ::recv(relay_.fd(Peer::client), context_.buffer.data(), context_.buffer.size(), 0);
    if (count > 0 || (count < 0 && errno == EINTR)) continue;
    if (count < 0 && errno == EAGAIN) return;
    return finish(SessionEnd::refused, reason_);
  }
  come_again();
}

void Session::come_again() {
  if (again_ == Again::queued) return;
  again_ = Again::queued;
  context_.to_resume.push_back(this);
}

void Session::close_socket(Peer peer) {
  if (relay_.fd(peer) >= 0) context_.ready.remove(relay_.fd(peer));
  relay_.close(peer);
}

void Session::reset_socket(Peer peer) {
  if (relay_.fd(peer) >= 0) context_.ready.remove(relay_.fd(peer));
  relay_.reset(peer);
}

void Session::leave_node() {
  if (node_) shared().node_sessions[health::index(*node_)].fetch_sub(1, std::memory_order_relaxed);
  node_.reset();
}

void Session::finish(SessionEnd end, Reason reason) {
  leave_parking();
  enter(State::closed);
  if (context_.session_ended && is_logged(context_.settings.log.sessions, end)) {
    context_.session_ended({from_.endpoint(), group_, node_, relay_.bytes_from(Peer::client),
                            relay_.bytes_from(Peer::server), Clock::now() - accepted_, end, reason});
  }
  leave_node();
  close_socket(Peer::client);
  close_socket(Peer::server);
  if (place_ == Place::admitted) {
    shared().sessions.fetch_sub(1, std::memory_order_relaxed);
    context_.shared.sessions.fetch_sub(1, std::memory_order_relaxed);
  } else {
    context_.shared.refused.fetch_sub(1, std::memory_order_relaxed);
  }
  context_.to_destroy.push_back(this);
}

}  // namespace sengu::proxy
