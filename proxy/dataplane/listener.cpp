#include "proxy/dataplane/listener.hpp"

#include <cerrno>

#include "health/net/shortage.hpp"
#include "proxy/dataplane/admission.hpp"
#include "proxy/dataplane/refusal.hpp"

namespace sengu::proxy {
namespace {

using health::Reason;

constexpr int max_accepts = 16;  // per readiness; the set is level-triggered for listeners, the rest comes next round
constexpr int discards_at_the_door = 4;  // reads of what a client that is turned away had already sent

}  // namespace

Listener::Listener(net::Fd socket, ListenerSettings settings, WorkerContext& context,
                   std::function<void(Arrival)> hand_over, std::function<void(Listener&)> pause)
    : socket_(std::move(socket)), settings_(settings), context_(context), hand_over_(std::move(hand_over)),
      pause_(std::move(pause)) {}

void Listener::start() {
  context_.spare.take();
  if (context_.ready.add_listener(socket_.get(), *this)) return;
  context_.counters.accept_failed(errno);
  pause_(*this);
}

void Listener::stop() {
  if (socket_) context_.ready.remove(socket_.get());
  socket_.close();
}

void Listener::retry() {
  if (socket_) start();
}

void Listener::ready(Peer, std::uint32_t) {
  for (int i = 0; socket_ && i < max_accepts; ++i) {
    Arrival arrival;
    arrival.client = accept(arrival.from);
    if (!arrival.client) {
      if (!goes_on_after(errno)) return;
      continue;
    }
    arrival.group = settings_.group;
    arrival.role = settings_.role;
    arrival.accepted = std::chrono::steady_clock::now();
    arrival.refused = admit(settings_.group, arrival.from, context_);
    if (arrival.refused != Reason::none && !take_place(context_.shared.refused, context_.shared.limits.refused)) {
      context_.counters[settings_.group].refused[static_cast<std::size_t>(arrival.refused)].add(1);
      continue;  // too many to answer each: closed without a word
    }
    hand_over_(std::move(arrival));
  }
}

net::Fd Listener::accept(net::SocketAddress& from) {
  socklen_t size = net::SocketAddress::capacity();
  return net::Fd(::accept4(socket_.get(), from.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

bool Listener::goes_on_after(int error) {
  if (error == EAGAIN) return false;
  if (error == EINTR) return true;
  if (net::is_out_of_files(error)) return refuse_on_spare(error);
  context_.counters.accept_failed(error);
  if (!net::is_out_of_memory(error)) return true;  // that client is gone (ECONNABORTED, EPROTO), or a firewall said no
  wait();
  return false;
}

/// accept() failed for want of a descriptor, which it also does where no client waits. Gives up the spare descriptor,
/// so that the client can be accepted and told that it is turned away.
bool Listener::refuse_on_spare(int error) {
  context_.spare.give_up();
  net::SocketAddress from;
  net::Fd client = accept(from);
  const int second_error = client ? 0 : errno;
  if (client) turn_away(client, from);
  client.close();
  const bool again =
      context_.spare.take() && !net::is_out_of_files(second_error) && !net::is_out_of_memory(second_error);
  if (second_error == EAGAIN) return false;
  context_.counters.accept_failed(error);
  if (!again) wait();
  return again;
}

/// Tells the client why, and waits for nothing: the descriptor is needed for the next client. Bytes that this client
/// sends later are answered by a RST.
void Listener::turn_away(const net::Fd& client, const net::SocketAddress& from) {
  const config::GroupSettings& group = context_.settings_of(settings_.group);
  const Reason reason = net::permitted(from, group.allow) ? Reason::too_many_connections : Reason::not_allowed;
  context_.counters[settings_.group].refused[static_cast<std::size_t>(reason)].add(1);
  const std::string text = refusal(group, reason, Reason::none);
  ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
  ::shutdown(client.get(), SHUT_WR);
  for (int i = 0; i < discards_at_the_door; ++i)
    if (::recv(client.get(), context_.buffer.data(), context_.buffer.size(), 0) <= 0) return;
}

/// Accept would fail at once, again and again, while clients wait in the backlog: don't spin.
void Listener::wait() {
  context_.ready.remove(socket_.get());
  pause_(*this);
}

}  // namespace sengu::proxy
