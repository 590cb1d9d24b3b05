// See ready_set.hpp.
#include "proxy/ready_set.hpp"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace sengu::proxy {
namespace {

constexpr int max_rounds = 16;    // then timers and posted work of the worker get their turn
constexpr int batch_size = 256;

bool add_with(int epoll, int fd, std::uint32_t events, Watch& watch) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watch;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

ReadySet::ReadySet() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

bool ReadySet::add(int fd, Watch& watch) {
  return add_with(epoll_.get(), fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET, watch);
}

bool ReadySet::add_listener(int fd, Watch& watch) { return add_with(epoll_.get(), fd, EPOLLIN, watch); }

void ReadySet::remove(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

ReadySet::Found ReadySet::turn(const std::atomic<int>& waits) {
  std::array<epoll_event, batch_size> events;
  for (int round = 0; round < max_rounds; ++round) {
    const int count = epoll_wait(epoll_.get(), events.data(), batch_size, 0);
    if (count <= 0) return round == 0 ? Found::nothing : Found::something;
    for (int i = 0; i < count; ++i) {
      const Watch& watch = *static_cast<Watch*>(events[static_cast<std::size_t>(i)].data.ptr);
      watch.owner->ready(watch.peer, events[static_cast<std::size_t>(i)].events);
    }
    if (waits.load(std::memory_order_relaxed) != 0) break;
  }
  return Found::something;
}

}  // namespace sengu::proxy
