// One reader of the event history that may be slower than the events: a bounded queue between them. Used by
// EVENTS FOLLOW and by the server-sent events. Control thread only.
#pragma once

#include <deque>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "proxy/events/history.hpp"

namespace sengu::proxy {

class EventFollower {
 public:
  using Write = std::function<std::string(const RecordedEvent&)>;
  static constexpr std::size_t most_queued = 1024;

  EventFollower(boost::asio::any_io_executor executor, EventHistory& history, Write write)
      : timer_(std::move(executor)), history_(&history), write_(std::move(write)) {
    key_ = history_->follow([this](const RecordedEvent& event) { take(event); });
  }
  ~EventFollower() { detach(); }
  EventFollower(const EventFollower&) = delete;
  EventFollower& operator=(const EventFollower&) = delete;

  /// Ends following for good; queued events can still be drained. To be called too before the history goes.
  void detach() {
    if (history_ != nullptr) history_->unfollow(key_);
    history_ = nullptr;
    timer_.cancel();
  }

  bool ended() const { return history_ == nullptr; }
  /// Everything queued, as bytes.
  std::string drain() {
    std::string bytes;
    for (const auto& one : queue_) bytes += one;
    queue_.clear();
    return bytes;
  }
  bool empty() const { return queue_.empty(); }
  /// The wake-up: it is cancelled when something is queued, or at the end. Set an expiry, then wait.
  boost::asio::steady_timer& timer() { return timer_; }

 private:
  void take(const RecordedEvent& event) {
    if (queue_.size() == most_queued) return detach();  // too slow: it must come again, with AFTER
    queue_.push_back(write_(event));
    timer_.cancel();
  }

  boost::asio::steady_timer timer_;
  EventHistory* history_;
  Write write_;
  std::deque<std::string> queue_;
  std::uint64_t key_ = 0;
};

}  // namespace sengu::proxy
