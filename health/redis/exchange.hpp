// One connection to one server, with one deadline for its whole life, for coroutines that send a few commands and read
// the replies: the steps, and the question for other deciders. At the deadline the socket is closed, and every
// operation that waits on it fails. A process that was stopped for a while may read an answer before it sees that its
// timer has expired, and would go on with a step that the decision has given up: so the exchange looks at the clock
// before every write. Control thread only.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/base/gate.hpp"
#include "health/redis/link.hpp"

// g++ 12 at -O1 and above inlines a coroutine frame's operator delete but not its operator new, and takes the two of
// asio::awaitable for mismatched, in every file that awaits an Exchange (GCC PR middle-end/109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace sengu::health::redis {

using Replies = std::vector<Reply>;

class Exchange {
 public:
  /// Nothing is sent at `deadline` or later, nor once this process was stalled for a second since `began`. A reply over
  /// `max_bytes` ends the exchange.
  Exchange(boost::asio::io_context& io, const Credentials& credentials, Time began, Time deadline,
           std::size_t max_bytes = max_reply_bytes);

  /// Connects, with TLS where the credentials ask for it. Returns why there is no connection, for people; none where
  /// there is one.
  boost::asio::awaitable<std::optional<std::string>> connect(const Endpoint& node);
  /// Sends AUTH and CLIENT SETNAME. Returns why the exchange cannot go on, for people; none where AUTH was accepted or
  /// not needed.
  boost::asio::awaitable<std::optional<std::string>> greet();
  /// Sends all and reads one reply for each; fewer where the connection ends or the deadline comes, see failure().
  boost::asio::awaitable<Replies> ask(const std::vector<CommandLine>& commands);

  std::string failure() const;
  /// As local_end(): empty once it is closed.
  std::string local() const;

 private:
  enum class End : std::uint8_t { none, deadline, stall };  // why we gave up

  boost::asio::awaitable<boost::system::error_code> open(boost::asio::ip::tcp::endpoint address);
  void watch();
  bool in_time();
  void give_up(End why);

  const Credentials credentials_;
  Stream stream_;
  boost::asio::steady_timer timer_;
  Gate alive_;  // closed with the exchange: the timer's last handler runs after that
  ReplyReader reader_;
  std::array<char, 16 * 1024> in_{};
  const Time deadline_;
  Time awake_;  // when this thread was last seen to run
  End end_ = End::none;
  boost::system::error_code broken_;  // how the connection ended, where it did
};

/// A braced list of words inside a co_await crashes g++ 12; a call does not.
template <typename... Word>
CommandLine words_of(Word... words) {
  return CommandLine{std::string(words)...};
}

}  // namespace sengu::health::redis
