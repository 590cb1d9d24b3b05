#include "health/redis/exchange.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "config/base/printable.hpp"
#include "health/net/shortage.hpp"
#include "health/redis/info.hpp"

namespace sengu::health::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr auto beat = 100ms;
constexpr auto stalled_after = 1s;  // as in the decision (RULES §2.3): a stall voids every decision from before it

}  // namespace

Exchange::Exchange(asio::io_context& io, const Credentials& credentials, Time began, Time deadline,
                   std::size_t max_bytes)
    : credentials_(credentials), stream_(io, credentials.tls, [this] { in_time(); }), timer_(io), reader_(max_bytes),
      deadline_(deadline), awake_(began) {
  watch();
}

asio::awaitable<std::optional<std::string>> Exchange::connect(const Endpoint& node) {
  const auto address = socket_address(node);
  if (address.has_error()) co_return address.error().message();
  if (!in_time()) co_return error_code(asio::error::timed_out).message();  // it waited for its place too long
  auto error = co_await open(*address);
  if (error && stream_.may_fall_back(error) && in_time()) {
    stream_.forget_tls();
    error = co_await open(*address);
  }
  if (net::is_shortage(error)) co_return error.message();
  if (end_ != End::none) co_return error_code(asio::error::timed_out).message();
  if (error) co_return printable_line(stream_.error_text(error));
  co_return std::nullopt;
}

asio::awaitable<error_code> Exchange::open(tcp::endpoint address) {
  error_code opened;
  for (;;) {
    stream_.socket().open(address.protocol(), opened);
    if (!net::is_shortage(opened)) break;
    asio::steady_timer pause(stream_.socket().get_executor(), net::shortage_pause);
    co_await pause.async_wait(as_result);
    if (!in_time()) co_return opened;
  }
  if (opened) co_return opened;
  set_options(stream_.socket());
  const auto [error] = co_await stream_.socket().async_connect(address, as_result);
  if (error || !stream_.has_tls()) co_return error;
  const auto [failed] = co_await stream_.async_handshake(address.address(), as_result);
  co_return failed;
}

asio::awaitable<std::optional<std::string>> Exchange::greet() {
  const auto commands = greeting(credentials_);
  const auto replies = co_await ask(commands);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (commands[i].front() != "AUTH" || !replies[i].is_error() || says_no_password_needed(replies[i].text)) continue;
    co_return "AUTH: " + printable_line(replies[i].text);
  }
  if (replies.size() < commands.size()) co_return replies.empty() ? failure() : printable_line(replies.front().text);
  co_return std::nullopt;
}

asio::awaitable<Replies> Exchange::ask(const std::vector<CommandLine>& commands) {
  std::string out;
  for (const auto& command : commands) append_command(out, command);
  Replies replies;
  if (!in_time()) co_return replies;
  const auto [write_error, written] = co_await stream_.async_write(asio::buffer(out), as_result);
  static_cast<void>(written);
  broken_ = write_error;
  // A server that refuses TLS (a client certificate) may have sent its alert already when our write fails: so we read
  // on.
  while ((!write_error || stream_.has_tls()) && replies.size() < commands.size()) {
    if (auto reply = reader_.next()) {
      replies.push_back(std::move(*reply));
      continue;
    }
    if (reader_.invalid()) break;
    const auto [error, size] = co_await stream_.async_read_some(asio::buffer(in_), as_result);
    broken_ = error;
    if (error) break;
    reader_.feed({in_.data(), size});
  }
  co_return replies;
}

std::string Exchange::failure() const {
  if (end_ == End::deadline) return "no answer in time";
  if (end_ == End::stall) return "sengu itself was stalled";
  if (reader_.invalid()) return "not the Redis protocol: " + reader_.error();
  return net::is_tls_error(broken_) ? printable_line(stream_.error_text(broken_)) : "connection closed by the server";
}

std::string Exchange::local() const { return local_end(stream_.socket()); }

/// Wakes with every beat: a stall of ours shows as a beat that did not come.
void Exchange::watch() {
  timer_.expires_at(std::min(deadline_, awake_ + beat));
  timer_.async_wait([this, alive = alive_.pass()](const error_code& error) {
    if (error || !alive.open() || !in_time()) return;
    awake_ = Clock::now();
    watch();
  });
}

bool Exchange::in_time() {
  const Time now = Clock::now();
  if (end_ == End::none && now >= deadline_) give_up(End::deadline);
  if (end_ == End::none && now - awake_ >= beat + stalled_after) give_up(End::stall);
  return end_ == End::none;
}

/// Closes with RST: a frozen server that has not accepted yet then never reads, and never carries out, the command.
void Exchange::give_up(End why) {
  end_ = why;
  error_code ignored;
  stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
  stream_.socket().close(ignored);
}

}  // namespace sengu::health::redis
