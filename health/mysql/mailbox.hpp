// Carries letters from a connection's thread to the control thread: a letter is called there, if its receiver still
// lives. A closed mailbox posts nothing more, so that the io_context may be destroyed.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace sengu::health::mysql {

template <typename Receiver>
class Mailbox {
 public:
  explicit Mailbox(boost::asio::io_context& io) : io_(&io) {}

  /// Control thread, before anything is sent.
  void open(std::weak_ptr<Receiver> receiver) { receiver_ = std::move(receiver); }

  /// Any thread. `letter` is called with the Receiver on the control thread. Only the control thread shares the
  /// Receiver's ownership, for the length of that call: the Receiver must not be destroyed on another thread.
  template <typename Letter>
  void send(Letter letter) {
    const std::lock_guard lock(mutex_);
    if (io_ == nullptr) return;
    boost::asio::post(*io_, [receiver = receiver_, letter = std::move(letter)]() mutable {
      if (const auto there = receiver.lock()) letter(*there);
    });
  }

  /// Control thread.
  void close() {
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* io_;
  std::weak_ptr<Receiver> receiver_;
};

}  // namespace sengu::health::mysql
