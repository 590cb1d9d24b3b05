#include "health/redis/deciders.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "health/redis/clients.hpp"
#include "health/redis/exchange.hpp"

namespace sengu::health::redis {

namespace asio = boost::asio;

namespace {

constexpr std::size_t longest_list = 16 * 1024 * 1024;

struct Answer {
  std::optional<std::vector<std::string>> names;
  std::string text;
};

/// As Redis writes an address: "10.0.0.1:4711", "[fd00::1]:4711".
std::string as_listed(const Endpoint& end) {
  const bool v6 = end.host.find(':') != std::string::npos;
  return (v6 ? "[" + end.host + "]" : end.host) + ":" + std::to_string(end.port);
}

asio::awaitable<Answer> perform(Exchange& exchange, const Endpoint& node, const Credentials& credentials,
                                const std::vector<Endpoint>& own) {
  if (auto failed = co_await exchange.connect(node)) co_return Answer{std::nullopt, std::move(*failed)};
  if (auto refused = co_await exchange.greet()) co_return Answer{std::nullopt, std::move(*refused)};
  const auto asking = exchange.local();
  const std::vector<CommandLine> question(1, words_of("CLIENT", "LIST"));
  const auto replies = co_await exchange.ask(question);
  if (replies.empty()) co_return Answer{std::nullopt, "CLIENT LIST: " + exchange.failure()};
  const auto& reply = replies.front();
  if (reply.type != Reply::Type::string) co_return Answer{std::nullopt, "CLIENT LIST: " + printable(reply.text)};
  OwnConnections ours{credentials.client_name, {}};
  if (asking) ours.addresses.push_back(as_listed(*asking));
  for (const auto& end : own) ours.addresses.push_back(as_listed(end));
  co_return Answer{find_deciders(reply.text, ours), {}};
}

asio::awaitable<void> run(asio::io_context& io, Endpoint node, Credentials credentials, std::vector<Endpoint> own,
                          Time began, Milliseconds timeout, DecidersCallback done) {
  // co_spawn runs on at once where it is called: without this a failure would call back from within.
  co_await asio::post(io, asio::use_awaitable);
  Exchange exchange(io, credentials, began, began + timeout, longest_list);
  auto answer = co_await perform(exchange, node, credentials, own);
  done(std::move(answer.names), std::move(answer.text));
}

}  // namespace

void ask_deciders(asio::io_context& io, const Endpoint& node, const Credentials& credentials, std::vector<Endpoint> own,
                  Milliseconds timeout, DecidersCallback done) {
  const Time began = std::chrono::steady_clock::now();
  // Detached, but it cannot outlive its deadline; a destroyed io_context destroys the frame.
  asio::co_spawn(io, run(io, node, credentials, std::move(own), began, timeout, std::move(done)), asio::detached);
}

}  // namespace sengu::health::redis
