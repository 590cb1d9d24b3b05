// See mailbox.hpp.
#include "proxy/dataplane/mailbox.hpp"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace sengu::proxy {

Mailbox::Mailbox(ReadySet& wakes) : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!event_ || !wakes.add(event_.get(), *this, Peer::client))
    throw std::system_error(errno, std::generic_category(), "eventfd");
}

/// The ready set is edge-triggered: each write to the eventfd wakes the worker, and its counter need not be read.
void Mailbox::post(Work work) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(work));
  if (!is_empty_.exchange(false, std::memory_order_release)) return;
  ::eventfd_write(event_.get(), 1);
}

std::vector<Mailbox::Work> Mailbox::take() {
  if (is_empty_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(mutex_);
  is_empty_.store(true, std::memory_order_relaxed);
  return std::exchange(posted_, {});
}

}  // namespace sengu::proxy
