// The way from a connection's thread to the control thread: what is sent is called there, if who it is for still lives.
// Once closed it posts nothing more, so that the io_context may go.
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

  /// Any thread. `letter` is called with the Receiver on the control thread. Only there is its ownership shared for a
  /// moment: it must not end on another thread.
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
