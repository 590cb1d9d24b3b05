// See ready_set.hpp.
#include "proxy/dataplane/ready_set.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "proxy/dataplane/cache_line.hpp"
#include "proxy/dataplane/system_call.hpp"

namespace sengu::proxy {
namespace {

constexpr std::chrono::milliseconds longest_wait{60'000};

// epoll carries one word: the owner's address and, in its lowest bit, which of its two sockets.
static_assert(alignof(Watched) > static_cast<std::size_t>(Peer::server));

std::uint64_t word_of(Watched& owner, Peer peer) {
  return reinterpret_cast<std::uintptr_t>(&owner) | static_cast<std::uintptr_t>(peer);
}
Peer peer_of(std::uint64_t word) { return static_cast<Peer>(word & 1); }
Watched* owner_of(std::uint64_t word) { return reinterpret_cast<Watched*>(word & ~std::uint64_t{1}); }

// Among many sessions the next one is in no cache: it is fetched while the sessions before it are dealt with.
constexpr int events_fetched_ahead = 2;

bool add_with(int epoll, int fd, std::uint32_t events, std::uint64_t word) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = word;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

ReadySet::ReadySet() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

bool ReadySet::add(int fd, Watched& owner, Peer peer) {
  return add_with(epoll_.get(), fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET, word_of(owner, peer));
}

bool ReadySet::add_listener(int fd, Watched& owner) {
  return add_with(epoll_.get(), fd, EPOLLIN, word_of(owner, Peer::client));
}

void ReadySet::remove(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

ReadySet::Found ReadySet::wait(std::optional<std::chrono::nanoseconds> limit) {
  using std::chrono::milliseconds;
  const int timeout =
      limit ? static_cast<int>(std::min(std::chrono::ceil<milliseconds>(*limit), longest_wait).count()) : -1;
  found_ = std::max(0, system_call::epoll_wait(epoll_.get(), events_.data(), batch_size, timeout));
  return found_ == 0 ? Found::nothing : Found::something;
}

void ReadySet::dispatch() {
  for (int i = 0; i < found_; ++i) {
    if (i + events_fetched_ahead < found_)
      fetch_ahead(owner_of(events_[static_cast<std::size_t>(i + events_fetched_ahead)].data.u64), 2);
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    owner_of(event.data.u64)->ready(peer_of(event.data.u64), event.events);
  }
}

}  // namespace sengu::proxy
