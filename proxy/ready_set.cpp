// See ready_set.hpp.
#include "proxy/ready_set.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sengu::proxy {
namespace {

constexpr std::chrono::milliseconds longest_wait{60'000};

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

ReadySet::Found ReadySet::wait(std::optional<std::chrono::nanoseconds> limit) {
  using std::chrono::milliseconds;
  const int timeout = limit ? static_cast<int>(std::min(std::chrono::ceil<milliseconds>(*limit), longest_wait).count()) : -1;
  found_ = std::max(0, epoll_wait(epoll_.get(), events_.data(), batch_size, timeout));
  return found_ == 0 ? Found::nothing : Found::something;
}

void ReadySet::dispatch() {
  for (int i = 0; i < found_; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    const Watch& watch = *static_cast<Watch*>(event.data.ptr);
    watch.owner->ready(watch.peer, event.events);
  }
}

}  // namespace sengu::proxy
