#include "proxy/http/server.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "proxy/control/acceptor.hpp"
#include "proxy/control/clients.hpp"
#include "proxy/events/follower.hpp"
#include "proxy/http/route.hpp"

// g++ 12 takes Asio's own operator new and delete of a coroutine frame for a mismatch when one is inlined.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace sengu::proxy {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

struct HttpServer::State {
  struct Connection {
    beast::tcp_stream stream;
    EventFollower* follower = nullptr;
  };

  State(asio::io_context& context, Operations& running, asio::thread_pool& pool, std::size_t most)
      : acceptor(listen_on(context, running.settings().http.listen)), operations(&running), helper(&pool),
        places(most) {}

  tcp::acceptor acceptor;
  Operations* operations;     // null after stop
  asio::thread_pool* helper;  // not used after stop
  const std::size_t places;
  Clients<Connection> clients;
};

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds heartbeat{15};  // between two comments on a quiet stream: proxies cut silent ones
using StatePtr = std::shared_ptr<HttpServer::State>;
using HttpWork = std::function<HttpAnswer()>;
using Connection = HttpServer::State::Connection;
using Parser = http::request_parser<http::empty_body>;

constexpr int most_sent_at_once = 128 * 1024;  // bytes: the kernel would take megabytes in one call, for milliseconds
constexpr std::size_t views_at_once = 32;      // take some 0.1 ms: other work of the control thread can wait so long

/// Looks at every group, a few in each turn of the loop; at fewer groups where sengu ends meanwhile.
asio::awaitable<Snapshot> take_snapshot(StatePtr state) {
  std::vector<GroupView> groups;
  while (state->operations != nullptr && groups.size() < state->operations->groups().size()) {
    groups.push_back(state->operations->view(state->operations->groups()[groups.size()].id));
    if (groups.size() % views_at_once == 0) co_await asio::post(state->acceptor.get_executor(), asio::use_awaitable);
  }
  Snapshot snapshot = state->operations != nullptr ? state->operations->header() : Snapshot{};
  snapshot.groups = std::move(groups);
  co_return snapshot;
}

/// A document may wait, a probe may not: where cores are few the helper thread leaves them to the other threads. (On
/// Linux each thread has a nice value of its own.)
void give_way() {
  pthread_setname_np(pthread_self(), "sengu-http");
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10));
}

/// Runs the work on the helper thread, and goes on here with what it made.
asio::awaitable<HttpAnswer> on_helper(asio::thread_pool& helper, HttpWork work) {
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(HttpAnswer)>(
      [&helper](auto handler, HttpWork todo) {
        auto guard = asio::make_work_guard(asio::get_associated_executor(handler));
        asio::post(helper, [held = std::move(handler), home = std::move(guard), todo = std::move(todo)]() mutable {
          auto made = todo();
          // Posts to a copy of the executor: the lambda below takes `held` along, and the guard must outlive the post.
          auto executor = home.get_executor();
          asio::post(executor,
                     [held = std::move(held), made = std::move(made)]() mutable { std::move(held)(std::move(made)); });
        });
      },
      asio::use_awaitable, std::move(work));
}

struct Question {
  unsigned version;
  http::verb method;
  std::string target;
  bool keep_alive;
  std::string last_event_id;
};

void dress(http::fields& fields, const std::string& type) {
  fields.set(http::field::server, "sengu");
  fields.set(http::field::content_type, type);
  fields.set(http::field::cache_control, "no-store");
  fields.set("X-Content-Type-Options", "nosniff");
  if (type.starts_with("text/html"))
    fields.set("Content-Security-Policy",
               "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
               "frame-ancestors 'none'; base-uri 'none'");
}

/// Sends the answer; true where the connection may go on.
asio::awaitable<bool> reply(Connection& connection, const Question& question, HttpAnswer answer) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), question.version);
  dress(response.base(), answer.type);
  if (answer.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.keep_alive(question.keep_alive);
  response.content_length(answer.body.size());
  if (question.method != http::verb::head) response.body() = std::move(answer.body);
  connection.stream.expires_after(HttpServer::patience);
  http::response_serializer<http::string_body> serializer(response);
  const auto [error, sent] = co_await http::async_write(connection.stream, serializer, no_throw);
  co_return !error && question.keep_alive;
}

/// Server-sent events until the client goes or falls behind.
asio::awaitable<void> follow(StatePtr state, Connection& connection, const Question& question, HttpFollow from) {
  EventFollower follower(connection.stream.get_executor(), state->operations->events(), server_sent);
  const Following following(connection, follower);
  http::response<http::empty_body> head(http::status::ok, question.version);
  dress(head.base(), "text/event-stream");
  head.keep_alive(false);
  http::response_serializer<http::empty_body> serializer(head);
  std::string bytes;
  for (const auto& event : state->operations->events().all())
    if (event.id > from.after) bytes += server_sent(event);
  connection.stream.expires_after(HttpServer::patience);
  const auto [head_error, head_size] = co_await http::async_write_header(connection.stream, serializer, no_throw);
  if (head_error || question.method == http::verb::head) co_return;
  while (true) {
    connection.stream.expires_after(HttpServer::patience);
    const auto [error, sent] = co_await asio::async_write(connection.stream, asio::buffer(bytes), no_throw);
    if (error) co_return;
    if (follower.empty()) {
      if (follower.ended()) co_return;
      follower.timer().expires_after(heartbeat);
      co_await follower.timer().async_wait(no_throw);
    }
    bytes = follower.empty() ? ":\n\n" : follower.drain();
  }
}

HttpAnswer plain(unsigned status, std::string text) { return {status, HttpAnswer{}.type, std::move(text)}; }

/// What is wrong with a request, before its path is looked at; status 200 = nothing.
HttpAnswer refusal(const boost::system::error_code& error, const Parser& parser) {
  if (error == http::error::header_limit) return plain(431, "header too large\n");
  if (error) return plain(400, "bad request\n");
  const auto method = parser.get().method();
  if (method != http::verb::get && method != http::verb::head) return plain(405, "GET and HEAD only\n");
  if (parser.chunked() || parser.content_length().value_or(0) > 0) return plain(413, "no body wanted\n");
  return {};
}

/// Reads and answers one request; true where the connection may go on.
asio::awaitable<bool> serve_one(StatePtr state, Connection& connection, beast::flat_buffer& buffer) {
  Parser parser;
  parser.header_limit(HttpServer::most_header_bytes);
  connection.stream.expires_after(HttpServer::patience);
  const auto [error, size] = co_await http::async_read_header(connection.stream, buffer, parser, no_throw);
  if (state->operations == nullptr || error == http::error::end_of_stream || error == beast::error::timeout)
    co_return false;
  if (error && error.category() != make_error_code(http::error::header_limit).category()) co_return false;
  const auto& request = parser.get();
  Question question{request.version() == 10 ? 10U : 11U, request.method(), std::string(request.target()),
                    !error && request.keep_alive(), std::string(request["Last-Event-ID"])};
  auto refused = refusal(error, parser);
  if (refused.status != 200) {
    question.keep_alive = false;  // its body, if any, stays unread
    co_return co_await reply(connection, question, std::move(refused));
  }
  if (!question.last_event_id.empty() && question.target.starts_with("/api/v1/events?follow=1"))
    question.target += "&after=" + question.last_event_id;
  auto outcome = route_http(*state->operations, question.target);
  if (const auto* from = std::get_if<HttpFollow>(&outcome)) {
    co_await follow(state, connection, question, *from);
    co_return false;
  }
  if (const auto* document = std::get_if<HttpDocument>(&outcome)) {
    // Shared, so that the control thread neither copies nor destroys the snapshot: either takes as long as taking it.
    auto snapshot = std::make_shared<const Snapshot>(co_await take_snapshot(state));
    if (state->operations == nullptr) co_return false;
    HttpWork work = [snapshot = std::move(snapshot), write = document->write] { return write(*snapshot); };
    outcome = co_await on_helper(*state->helper, std::move(work));
  }
  co_return co_await reply(connection, question, std::get<HttpAnswer>(std::move(outcome)));
}

asio::awaitable<void> serve(StatePtr state, tcp::socket socket) {
  Registered registered(state, Connection{beast::tcp_stream(std::move(socket)), nullptr});
  auto& connection = *registered;
  boost::system::error_code ignored;
  connection.stream.socket().set_option(asio::socket_base::send_buffer_size(most_sent_at_once), ignored);
  beast::flat_buffer buffer;
  while (state->operations != nullptr)
    if (!co_await serve_one(state, connection, buffer)) break;
  connection.stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> accept_clients(StatePtr state) {
  while (auto socket = co_await accept_next(state->acceptor)) {
    if (state->operations == nullptr) co_return;
    if (state->clients.size() >= state->places) continue;  // closed at once
    asio::co_spawn(state->acceptor.get_executor(), serve(state, std::move(*socket)), asio::detached);
  }
}

}  // namespace

HttpServer::HttpServer(asio::io_context& context, Operations& operations, std::size_t clients)
    : state_(std::make_shared<State>(context, operations, helper_, clients)) {
  asio::post(helper_, give_way);
  asio::co_spawn(context, accept_clients(state_), asio::detached);
}

HttpServer::~HttpServer() {
  stop();
  helper_.join();
}

Endpoint HttpServer::bound() const { return bound_endpoint(state_->acceptor); }

std::size_t HttpServer::clients() const { return state_->clients.size(); }

void HttpServer::stop() {
  state_->operations = nullptr;
  close_all(state_->acceptor, state_->clients);
}

}  // namespace sengu::proxy
