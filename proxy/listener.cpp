// See listener.hpp.
#include "proxy/listener.hpp"

#include <cerrno>

namespace sengu::proxy {
namespace {

using health::Reason;

constexpr int max_accepts = 64;  // per readiness; the set is level-triggered for listeners, the rest comes next round

bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

Listener::Listener(Fd socket, ListenerSettings settings, WorkerContext& context, std::function<void(Arrival)> hand_over,
                   std::function<void(Listener&)> pause)
    : socket_(std::move(socket)), settings_(settings), context_(context), hand_over_(std::move(hand_over)),
      pause_(std::move(pause)) {}

void Listener::start() {
  if (context_.ready.add_listener(socket_.get(), watch_)) return;
  context_.counters.accept_failed(errno);
  pause_(*this);
}

void Listener::stop() { socket_.close(); }

void Listener::retry() {
  if (socket_) start();
}

void Listener::ready(Peer, std::uint32_t) {
  for (int i = 0; socket_ && i < max_accepts; ++i) {
    Arrival arrival;
    socklen_t size = SocketAddress::capacity();
    arrival.client = Fd(::accept4(socket_.get(), arrival.from.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!arrival.client) {
      if (errno == EAGAIN) return;
      if (errno == EINTR) continue;
      const int error = errno;
      accept_failed(error);
      if (is_shortage(error)) return;
      continue;  // that client is gone (ECONNABORTED, EPROTO), or a firewall said no: the next one
    }
    arrival.group = settings_.group;
    arrival.role = settings_.role;
    arrival.accepted = std::chrono::steady_clock::now();
    arrival.refused = admit(arrival.from);
    if (arrival.refused != Reason::none && !take_place(context_.shared.refused, context_.shared.limits.refused)) {
      context_.counters[settings_.group].refused[static_cast<std::size_t>(arrival.refused)].add(1);
      continue;  // too many to answer each: closed without a word
    }
    hand_over_(std::move(arrival));
  }
}

/// Takes a place under each limit, or none and says why.
Reason Listener::admit(const SocketAddress& from) {
  const config::GroupSettings& group = context_.settings.groups[health::index(settings_.group)];
  SharedCounts& shared = context_.shared;
  if (!permitted(from, group.allow)) return Reason::not_allowed;
  if (!take_place(shared.sessions, shared.limits.sessions)) return Reason::too_many_connections;
  const std::size_t group_limit = group.max_connections != 0 ? group.max_connections : shared.limits.sessions;
  if (take_place(shared[settings_.group].sessions, group_limit)) return Reason::none;
  shared.sessions.fetch_sub(1, std::memory_order_relaxed);
  return Reason::too_many_connections;
}

/// Without descriptors accept fails at once, again and again, while clients wait in the backlog: don't spin.
void Listener::accept_failed(int error) {
  context_.counters.accept_failed(error);
  if (!is_shortage(error)) return;
  context_.ready.remove(socket_.get());
  pause_(*this);
}

}  // namespace sengu::proxy
