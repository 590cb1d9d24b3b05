#include "health/redis/deciders.hpp"

#include <span>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "config/base/printable.hpp"
#include "health/redis/abilities.hpp"
#include "health/redis/clients.hpp"
#include "health/redis/exchange.hpp"
#include "health/redis/settings.hpp"

namespace sengu::health::redis {

namespace asio = boost::asio;

namespace {

constexpr std::size_t longest_list = 16 * 1024 * 1024;

DecidersAnswer read_list(const Reply& reply, const OwnConnections& ours) {
  if (reply.type != Reply::Type::string) return {std::nullopt, "CLIENT LIST: " + printable_line(reply.text)};
  return {find_deciders(reply.text, ours), {}};
}

asio::awaitable<DecidersAnswer> perform(Exchange& exchange, const Endpoint& node, const Credentials& credentials,
                                        const std::vector<std::string>& own) {
  if (auto failed = co_await exchange.connect(node)) co_return DecidersAnswer{std::nullopt, std::move(*failed)};
  if (auto refused = co_await exchange.greet()) co_return DecidersAnswer{std::nullopt, std::move(*refused)};
  const auto asking = exchange.local();
  std::vector<CommandLine> questions(1, words_of("CLIENT", "LIST"));
  for (auto& question : settings_questions()) questions.push_back(std::move(question));
  const auto behind_settings = questions.size();
  for (auto& question : abilities_questions()) questions.push_back(std::move(question));
  const auto replies = co_await exchange.ask(questions);
  if (replies.empty()) co_return DecidersAnswer{std::nullopt, "CLIENT LIST: " + exchange.failure()};
  OwnConnections ours{credentials.client_name, {}};
  if (!asking.empty()) ours.addresses.push_back(asking);
  ours.addresses.insert(ours.addresses.end(), own.begin(), own.end());
  auto answer = read_list(replies.front(), ours);
  if (replies.size() < questions.size()) co_return answer;
  answer.settings = read_settings(std::span(replies).first(behind_settings).subspan(1));
  answer.abilities = read_abilities(std::span(replies).subspan(behind_settings));
  co_return answer;
}

asio::awaitable<void> run(asio::io_context& io, Endpoint node, Credentials credentials, std::vector<std::string> own,
                          Time began, Milliseconds timeout, Places::Place place, DecidersCallback done) {
  // co_spawn runs the coroutine within its caller at first: without this post an early failure would call `done` from
  // within.
  co_await asio::post(io, asio::use_awaitable);
  DecidersAnswer answer;
  {
    Exchange exchange(io, credentials, began, began + timeout, longest_list);
    answer = co_await perform(exchange, node, credentials, own);
  }
  place.give_back();
  done(std::move(answer));
}

}  // namespace

void ask_deciders(asio::io_context& io, const Endpoint& node, const Credentials& credentials,
                  std::vector<std::string> own, Milliseconds timeout, DecidersCallback done, Time began,
                  Places::Place place) {
  // Detached, but it cannot outlive its deadline; a destroyed io_context destroys the frame.
  asio::co_spawn(io, run(io, node, credentials, std::move(own), began, timeout, std::move(place), std::move(done)),
                 asio::detached);
}

}  // namespace sengu::health::redis
