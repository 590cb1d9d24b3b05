// One coroutine per step; its frame owns the connection.
#include "health/redis/steps.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "config/base/assert.hpp"
#include "config/base/printable.hpp"
#include "health/redis/exchange.hpp"

namespace sengu::health::redis {

namespace asio = boost::asio;

namespace {

struct Outcome {
  StepResult result;
  std::string text;
};

std::string error_text(const CommandLine& command, const Reply& reply) {
  std::string words;
  for (const auto& word : command) words += (words.empty() ? "" : " ") + word;
  return words + ": " + (reply.is_error() ? printable_line(reply.text) : std::string("unexpected reply"));
}

bool is_ok(const Reply& reply) { return reply.type == Reply::Type::status && reply.text.starts_with("OK"); }

/// One command that must not be answered with an error.
asio::awaitable<Outcome> command(Exchange& exchange, CommandLine words) {
  const std::vector<CommandLine> commands(1, words);
  const auto replies = co_await exchange.ask(commands);
  if (replies.empty()) co_return Outcome{StepResult::failed, exchange.failure()};
  const auto& reply = replies.front();
  const bool good = is_ok(reply) || reply.type == Reply::Type::integer;
  co_return good ? Outcome{StepResult::done, {}} : Outcome{StepResult::failed, error_text(words, reply)};
}

/// CONFIG REWRITE after a change of role (RULES §4.3): its failure is a warning in the text of a step that is done.
asio::awaitable<Outcome> rewrite(Exchange& exchange, Outcome changed) {
  if (changed.result != StepResult::done) co_return changed;
  auto written = co_await command(exchange, words_of("CONFIG", "REWRITE"));
  if (written.result == StepResult::done) co_return changed;
  constexpr std::string_view name = "CONFIG REWRITE: ";
  if (!written.text.starts_with(name)) written.text.insert(0, name);
  const auto separator = changed.text.empty() ? "" : "; ";
  co_return Outcome{StepResult::done, changed.text + separator + written.text};
}

CommandLine replica_of(const Endpoint& master) { return {"REPLICAOF", master.host, std::to_string(master.port)}; }

/// What follows REPLICAOF. CLIENT KILL comes before CLIENT UNPAUSE: writes that a fence postponed are then never
/// carried out (tried on Redis 7.0). A pause that is not ours is left alone.
std::vector<CommandLine> cuts(const RunStep& step) {
  std::vector<CommandLine> commands{{"CLIENT", "KILL", "TYPE", "normal"}, {"CLIENT", "KILL", "TYPE", "pubsub"}};
  if (step.step == Step::demote_emptied) commands.push_back({"CLIENT", "KILL", "TYPE", "replica"});
  if (step.pause.count() > 0) commands.push_back({"CLIENT", "UNPAUSE"});
  return commands;
}

std::vector<CommandLine> transaction(const RunStep& step) {
  std::vector<CommandLine> commands{{"MULTI"}, replica_of(step.master)};
  for (auto& command : cuts(step)) commands.push_back(std::move(command));
  commands.push_back({"EXEC"});
  return commands;
}

bool is_unpause(const CommandLine& words) { return words.size() == 2 && words[1] == "UNPAUSE"; }

bool was_carried_out(const std::vector<CommandLine>& commands, const Reply& exec) {
  return exec.type == Reply::Type::array && exec.elements.size() == commands.size() - 2;
}

/// The outcome of a transaction that was carried out. `commands` are all that were sent, from MULTI to EXEC.
Outcome judge_transaction(const std::vector<CommandLine>& commands, const Reply& exec) {
  Outcome outcome{StepResult::done, {}};
  for (std::size_t i = 0; i < exec.elements.size(); ++i) {
    if (!exec.elements[i].is_error()) continue;
    outcome.text = error_text(commands[i + 1], exec.elements[i]);
    // Redis < 6.2 queues CLIENT UNPAUSE and fails it in EXEC; the pause ends by itself.
    if (!is_unpause(commands[i + 1])) outcome.result = StepResult::failed;
  }
  return outcome;
}

/// Command by command. REPLICAOF comes first: from then on the server accepts no write (READONLY), not even one that a
/// fence postponed. That the others are refused does not undo it, and is told as a text.
asio::awaitable<Outcome> demote_singly(Exchange& exchange, const RunStep& step) {
  auto outcome = co_await command(exchange, replica_of(step.master));
  if (outcome.result != StepResult::done) co_return outcome;
  const auto commands = cuts(step);
  const auto replies = co_await exchange.ask(commands);
  if (replies.size() < commands.size()) outcome.text = "its clients were perhaps not cut: " + exchange.failure();
  for (std::size_t i = 0; i < replies.size() && outcome.text.empty(); ++i) {
    if (!replies[i].is_error()) continue;
    outcome.text = (is_unpause(commands[i]) ? "" : "its clients were not cut: ") + error_text(commands[i], replies[i]);
  }
  co_return outcome;
}

/// MULTI ... EXEC. Where one of the commands is renamed or forbidden, the server discards all of them; so does Redis
/// before 8 while it is over its maxmemory with noeviction (OOM, redis#9926).
asio::awaitable<Outcome> demote(Exchange& exchange, const RunStep& step) {
  const auto commands = transaction(step);
  const auto replies = co_await exchange.ask(commands);
  if (replies.size() < commands.size()) co_return Outcome{StepResult::failed, exchange.failure()};
  if (!was_carried_out(commands, replies.back())) {
    co_return co_await rewrite(exchange, co_await demote_singly(exchange, step));
  }
  co_return co_await rewrite(exchange, judge_transaction(commands, replies.back()));
}

asio::awaitable<Outcome> script(Exchange& exchange, const RunStep& step) {
  switch (step.step) {
    case Step::fence:
      co_return co_await command(exchange, words_of("CLIENT", "PAUSE", std::to_string(step.pause.count()), "WRITE"));
    case Step::unfence: co_return co_await command(exchange, words_of("CLIENT", "UNPAUSE"));
    case Step::promote:
      co_return co_await rewrite(exchange, co_await command(exchange, words_of("REPLICAOF", "NO", "ONE")));
    case Step::repoint: co_return co_await rewrite(exchange, co_await command(exchange, replica_of(step.master)));
    case Step::demote:
    case Step::demote_emptied: co_return co_await demote(exchange, step);
    case Step::rehandshake: co_return co_await command(exchange, words_of("CLIENT", "KILL", "TYPE", "master"));
    case Step::stop_receiving:
    case Step::start_receiving:
    case Step::apply_received:
    case Step::lift_delay:
    case Step::semi_sync_on:
    case Step::semi_sync_off:
    case Step::follow_events: break;  // of MySQL
  }
  co_return Outcome{StepResult::failed, "no such step"};
}

asio::awaitable<Outcome> perform(asio::io_context& io, const Endpoint& node, const Credentials& credentials,
                                 const RunStep& step, Time began) {
  Exchange exchange(io, credentials, began, began + step.timeout);
  if (auto failed = co_await exchange.connect(node)) co_return Outcome{StepResult::unreachable, std::move(*failed)};
  if (auto refused = co_await exchange.greet()) co_return Outcome{StepResult::failed, std::move(*refused)};
  co_return co_await script(exchange, step);
}

asio::awaitable<void> run(asio::io_context& io, Endpoint node, Credentials credentials, RunStep step, Time began,
                          Places::Place place, StepCallback done) {
  // co_spawn runs the coroutine within its caller at first: without this post a step that fails early would call `done`
  // from within.
  co_await asio::post(io, asio::use_awaitable);
  auto outcome = co_await perform(io, node, credentials, step, began);
  place.give_back();
  done(outcome.result, std::move(outcome.text));
}

bool names_a_master(Step step) { return step == Step::repoint || step == Step::demote || step == Step::demote_emptied; }

}  // namespace

void run_step(asio::io_context& io, const Endpoint& node, const Credentials& credentials, const RunStep& step,
              StepCallback done, Time began, Places::Place place) {
  SENGU_ASSERT(!names_a_master(step.step) || (step.master != node && !step.master.host.empty()));
  SENGU_ASSERT(step.timeout.count() > 0);
  // Detached, but it cannot outlive its deadline; a destroyed io_context destroys the frame.
  asio::co_spawn(io, run(io, node, credentials, step, began, std::move(place), std::move(done)), asio::detached);
}

}  // namespace sengu::health::redis
