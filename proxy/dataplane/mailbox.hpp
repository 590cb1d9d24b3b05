// Work that other threads post for one worker, which takes it in the order of posting. Wakes the worker through its
// ready set. Knows neither the worker nor the work.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

#include "proxy/dataplane/ready_set.hpp"

namespace sengu::proxy {

class Mailbox final : private Watched {
 public:
  using Work = std::function<void()>;

  explicit Mailbox(ReadySet& wakes);  // throws std::system_error
  Mailbox(const Mailbox&) = delete;

  /// Any thread.
  void post(Work work);
  /// The worker's thread: all that was posted so far.
  std::vector<Work> take();

 private:
  void ready(Peer, std::uint32_t) override {}  // nothing to do: the worker calls take() in each turn anyway

  net::Fd event_;
  std::mutex mutex_;
  std::vector<Work> posted_;
  std::atomic<bool> is_empty_{true};  // so that a worker with traffic looks without the lock
};

}  // namespace sengu::proxy
