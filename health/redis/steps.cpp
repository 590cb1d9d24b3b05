// One coroutine per step; its frame owns the connection. The only file of health/redis with coroutines.
#include "health/redis/steps.hpp"

// g++ 12 at -O1 and above inlines a coroutine frame's operator delete but not its operator new, and takes the two of
// asio::awaitable for mismatched (GCC PR middle-end/109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "config/assert.hpp"
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
constexpr auto stalled_after = 1s;  // as in the decision (safety.md §2.3): what was decided before it is void

struct Outcome {
  StepResult result;
  std::string text;
};

using Replies = std::vector<Reply>;

/// A braced list of words inside a co_await crashes g++ 12; a call does not.
template <typename... Word>
CommandLine words_of(Word... words) {
  return CommandLine{std::string(words)...};
}

/// A connection with one deadline for its whole life. When the deadline comes the socket is closed, and whatever waits
/// on it fails. A process that was stopped finds an answer readable before it finds its timer expired, and would go on
/// with a step that has been given up elsewhere: so the clock is looked at before every write.
class Session {
 public:
  Session(asio::io_context& io, Time began, Time deadline)
      : socket_(io), timer_(io), deadline_(deadline), awake_(began) {
    watch();
  }

  /// Error: why there is no connection.
  asio::awaitable<error_code> connect(const Endpoint& node) {
    const auto address = socket_address(node);
    if (address.has_error()) co_return address.error();
    error_code opened;
    socket_.open(address->protocol(), opened);
    if (opened) co_return opened;
    set_options(socket_);
    const auto [error] = co_await socket_.async_connect(*address, as_result);
    co_return end_ != End::none ? error_code(asio::error::timed_out) : error;
  }

  /// Sends all and reads one reply for each; fewer where the connection ends or the deadline comes, see failure().
  asio::awaitable<Replies> exchange(const std::vector<CommandLine>& commands) {
    std::string out;
    for (const auto& command : commands) append_command(out, command);
    Replies replies;
    if (!in_time()) co_return replies;
    const auto [write_error, written] = co_await asio::async_write(socket_, asio::buffer(out), as_result);
    static_cast<void>(written);
    while (!write_error && replies.size() < commands.size()) {
      if (auto reply = reader_.next()) {
        replies.push_back(std::move(*reply));
        continue;
      }
      if (reader_.invalid()) break;
      const auto [error, size] = co_await socket_.async_read_some(asio::buffer(in_), as_result);
      if (error) break;
      reader_.feed({in_.data(), size});
    }
    co_return replies;
  }

  std::string failure() const {
    if (end_ == End::deadline) return "no answer in time";
    if (end_ == End::stall) return "sengu itself was stalled";
    return reader_.invalid() ? "not the Redis protocol: " + reader_.error() : "connection closed by the server";
  }

 private:
  enum class End : std::uint8_t { none, deadline, stall };  // why we gave up

  /// Wakes with every beat: a stall of ours shows as a beat that did not come.
  void watch() {
    timer_.expires_at(std::min(deadline_, awake_ + beat));
    timer_.async_wait([this, alive = std::weak_ptr<int>(alive_)](const error_code& error) {
      if (error || alive.expired() || !in_time()) return;
      awake_ = Clock::now();
      watch();
    });
  }

  bool in_time() {
    const Time now = Clock::now();
    if (end_ == End::none && now >= deadline_) give_up(End::deadline);
    if (end_ == End::none && now - awake_ >= beat + stalled_after) give_up(End::stall);
    return end_ == End::none;
  }

  /// Closes with RST: a frozen server that has not accepted yet then never reads, and never carries out, the command.
  void give_up(End why) {
    end_ = why;
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

  tcp::socket socket_;
  asio::steady_timer timer_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  ReplyReader reader_;
  std::array<char, 4096> in_{};
  const Time deadline_;
  Time awake_;  // when this thread was last seen to run
  End end_ = End::none;
};

std::string error_text(const CommandLine& command, const Reply& reply) {
  std::string words;
  for (const auto& word : command) words += (words.empty() ? "" : " ") + word;
  return words + ": " + (reply.is_error() ? printable(reply.text) : std::string("unexpected reply"));
}

bool is_ok(const Reply& reply) { return reply.type == Reply::Type::status && reply.text.starts_with("OK"); }

/// Empty where AUTH was accepted or not needed.
asio::awaitable<std::optional<Outcome>> greet(Session& session, const Credentials& credentials) {
  const auto commands = greeting(credentials);
  const auto replies = co_await session.exchange(commands);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (commands[i].front() != "AUTH" || !replies[i].is_error() || says_no_password_needed(replies[i].text)) continue;
    co_return Outcome{StepResult::failed, "AUTH: " + printable(replies[i].text)};
  }
  if (replies.size() < commands.size()) {
    co_return Outcome{StepResult::failed, replies.empty() ? session.failure() : printable(replies.front().text)};
  }
  co_return std::nullopt;
}

/// One command that must not be answered with an error.
asio::awaitable<Outcome> command(Session& session, CommandLine words) {
  const std::vector<CommandLine> commands(1, words);
  const auto replies = co_await session.exchange(commands);
  if (replies.empty()) co_return Outcome{StepResult::failed, session.failure()};
  const auto& reply = replies.front();
  const bool good = is_ok(reply) || reply.type == Reply::Type::integer;
  co_return good ? Outcome{StepResult::done, {}} : Outcome{StepResult::failed, error_text(words, reply)};
}

/// CONFIG REWRITE after a change of role (safety.md §4.3): its failure is a warning in the text of a step that is done.
asio::awaitable<Outcome> rewrite(Session& session, Outcome changed) {
  if (changed.result != StepResult::done) co_return changed;
  auto written = co_await command(session, words_of("CONFIG", "REWRITE"));
  if (written.result == StepResult::done) co_return changed;
  constexpr std::string_view name = "CONFIG REWRITE: ";
  if (!written.text.starts_with(name)) written.text.insert(0, name);
  const auto separator = changed.text.empty() ? "" : "; ";
  co_return Outcome{StepResult::done, changed.text + separator + written.text};
}

CommandLine replica_of(const Endpoint& master) { return {"REPLICAOF", master.host, std::to_string(master.port)}; }

/// CLIENT KILL comes before CLIENT UNPAUSE: writes that a fence postponed are then never carried out (redis.md §2.2).
std::vector<CommandLine> demotion(const RunStep& step, std::string_view replica_word) {
  std::vector<CommandLine> commands{{"MULTI"},
                                    replica_of(step.master),
                                    {"CLIENT", "KILL", "TYPE", "normal"},
                                    {"CLIENT", "KILL", "TYPE", "pubsub"}};
  if (step.step == Step::demote_emptied) commands.push_back({"CLIENT", "KILL", "TYPE", std::string(replica_word)});
  return commands;
}

bool is_unpause(const CommandLine& words) { return words.size() == 2 && words[1] == "UNPAUSE"; }

/// What the transaction came to. `commands` is what was sent, from MULTI to EXEC; `replies` one for each.
Outcome judge_transaction(const std::vector<CommandLine>& commands, const Replies& replies) {
  const auto& exec = replies.back();
  if (exec.type != Reply::Type::array || exec.elements.size() != commands.size() - 2) {
    for (std::size_t i = 0; i + 1 < replies.size(); ++i) {
      if (replies[i].is_error()) return {StepResult::failed, error_text(commands[i], replies[i])};
    }
    return {StepResult::failed, error_text(commands.back(), exec)};
  }
  Outcome outcome{StepResult::done, {}};
  for (std::size_t i = 0; i < exec.elements.size(); ++i) {
    if (!exec.elements[i].is_error()) continue;
    outcome.text = error_text(commands[i + 1], exec.elements[i]);
    // Redis < 6.2 queues CLIENT UNPAUSE and fails it in EXEC; the pause ends by itself.
    if (!is_unpause(commands[i + 1])) outcome.result = StepResult::failed;
  }
  return outcome;
}

bool unpause_was_rejected(const std::vector<CommandLine>& commands, const Replies& replies) {
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (replies[i].is_error() && is_unpause(commands[i])) return true;
  }
  return false;
}

/// MULTI ... EXEC. A server that refuses to queue CLIENT UNPAUSE aborts all of it (EXECABORT): once more without it.
asio::awaitable<Outcome> demote(Session& session, const RunStep& step) {
  auto commands = demotion(step, "replica");
  commands.push_back(words_of("CLIENT", "UNPAUSE"));
  commands.push_back(words_of("EXEC"));
  auto replies = co_await session.exchange(commands);
  if (replies.size() == commands.size() && unpause_was_rejected(commands, replies)) {
    commands = demotion(step, "slave");
    commands.push_back(words_of("EXEC"));
    replies = co_await session.exchange(commands);
  }
  if (replies.size() < commands.size()) co_return Outcome{StepResult::failed, session.failure()};
  co_return co_await rewrite(session, judge_transaction(commands, replies));
}

asio::awaitable<Outcome> script(Session& session, const RunStep& step) {
  switch (step.step) {
    case Step::fence:
      co_return co_await command(session, words_of("CLIENT", "PAUSE", std::to_string(step.pause.count()), "WRITE"));
    case Step::unfence:
      co_return co_await command(session, words_of("CLIENT", "UNPAUSE"));
    case Step::promote:
      co_return co_await rewrite(session, co_await command(session, words_of("REPLICAOF", "NO", "ONE")));
    case Step::repoint:
      co_return co_await rewrite(session, co_await command(session, replica_of(step.master)));
    case Step::demote:
    case Step::demote_emptied:
      co_return co_await demote(session, step);
    case Step::rehandshake:
      co_return co_await command(session, words_of("CLIENT", "KILL", "TYPE", "master"));
  }
  co_return Outcome{StepResult::failed, "no such step"};
}

asio::awaitable<Outcome> perform(asio::io_context& io, const Endpoint& node, const Credentials& credentials,
                                 const RunStep& step, Time began) {
  Session session(io, began, began + step.timeout);
  if (const auto error = co_await session.connect(node)) co_return Outcome{StepResult::unreachable, error.message()};
  if (auto refused = co_await greet(session, credentials)) co_return std::move(*refused);
  co_return co_await script(session, step);
}

asio::awaitable<void> run(asio::io_context& io, Endpoint node, Credentials credentials, RunStep step,
                          Time began, StepCallback done) {
  // co_spawn runs on at once where it is called: without this a step that fails at once would call back from within.
  co_await asio::post(io, asio::use_awaitable);
  auto outcome = co_await perform(io, node, credentials, step, began);
  done(outcome.result, std::move(outcome.text));
}

bool names_a_master(Step step) {
  return step == Step::repoint || step == Step::demote || step == Step::demote_emptied;
}

}  // namespace

void run_step(asio::io_context& io, const Endpoint& node, const Credentials& credentials, const RunStep& step,
              StepCallback done) {
  SENGU_ASSERT(!names_a_master(step.step) || (step.master != node && !step.master.host.empty()));
  SENGU_ASSERT(step.timeout.count() > 0);
  // Detached, but it cannot outlive its deadline; a destroyed io_context destroys the frame.
  asio::co_spawn(io, run(io, node, credentials, step, Clock::now(), std::move(done)), asio::detached);
}

}  // namespace sengu::health::redis
