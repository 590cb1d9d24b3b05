// One coroutine per client: read, execute one request after another (so that replies keep their order), write, read
// again. From a client that does not read its replies nothing is read, so nothing piles up. A client that never sends a
// request, or leaves its replies unread, is closed.
#include "proxy/admin/server.hpp"

#include <algorithm>
#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "health/net/socket.hpp"
#include "proxy/admin/command.hpp"
#include "proxy/control/acceptor.hpp"
#include "proxy/control/clients.hpp"
#include "proxy/events/follower.hpp"

// g++ 12 takes Asio's own operator new and delete of a coroutine frame for a mismatch when one is inlined.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace sengu::proxy {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

struct AdminServer::State {
  struct Connection {
    beast::tcp_stream stream;  // with the deadline of what it does now
    std::chrono::milliseconds patience;
    Clock::time_point accepted;
    AdminClient client;
    std::uint64_t requests = 0;
    EventFollower* follower = nullptr;  // while the client follows
  };

  State(asio::io_context& context, Operations& running, AdminBounds limits)
      : acceptor(listen_on(context, running.settings().admin.listen)), bounds(limits), operations(&running) {}

  tcp::acceptor acceptor;
  const AdminBounds bounds;
  Operations* operations;  // null after stop
  Clients<Connection> clients;
  std::uint64_t next_client = 1;
};

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t most_places_for_this_host = 8;
using StatePtr = std::shared_ptr<AdminServer::State>;
using Connection = AdminServer::State::Connection;

/// False where the client went away, or did not take it in time.
asio::awaitable<bool> send(Connection& connection, const std::string& bytes) {
  if (bytes.empty()) co_return true;
  connection.stream.expires_after(connection.patience);
  const auto [error, sent] = co_await asio::async_write(connection.stream, asio::buffer(bytes), no_throw);
  co_return !error;
}

/// Runs one request; waits for the answer, which an operation gives later.
asio::awaitable<AdminAnswer> run(Operations& operations, AdminClient& client, const Arguments& arguments) {
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(AdminAnswer)>(
      [&](auto handler) {
        // std::function wants a copyable callable, an Asio handler can only be moved.
        auto held = std::make_shared<decltype(handler)>(std::move(handler));
        execute({operations, client, arguments, [held](AdminAnswer answer) {
                   auto executor = asio::get_associated_executor(*held);
                   asio::post(executor,
                              [held, made = std::move(answer)]() mutable { std::move (*held)(std::move(made)); });
                 }});
      },
      asio::use_awaitable);
}

/// Ends when the client closes or says anything: then following is over.
asio::awaitable<void> until_client_speaks(Connection& connection) {
  std::array<char, 1> byte{};
  connection.stream.expires_never();
  co_await connection.stream.async_read_some(asio::buffer(byte), no_throw);
}

asio::awaitable<void> stream_events(Connection& connection, EventFollower& follower) {
  while (true) {
    const auto bytes = follower.drain();
    if (!co_await send(connection, bytes)) co_return;
    if (!follower.empty()) continue;
    if (follower.ended()) co_return;
    follower.timer().expires_at(asio::steady_timer::time_point::max());
    co_await follower.timer().async_wait(no_throw);
  }
}

/// EVENTS FOLLOW: past events are sent first; the follower queues those that happen meanwhile, so none is missed.
asio::awaitable<void> follow(StatePtr state, Connection& connection, AdminAnswer answer) {
  EventFollower follower(connection.stream.get_executor(), state->operations->events(),
                         [form = answer.form, protocol = connection.client.protocol](const RecordedEvent& event) {
                           return event_reply(event, form, protocol);
                         });
  const Following following(connection, follower);
  if (!co_await send(connection, answer.bytes)) co_return;
  using namespace asio::experimental::awaitable_operators;
  co_await (stream_events(connection, follower) || until_client_speaks(connection));
}

enum class Next { read_more, end };

/// Executes everything that is already here.
asio::awaitable<Next> serve_pending(StatePtr state, Connection& connection, AdminRequestReader& reader) {
  std::string replies;
  while (state->operations != nullptr) {
    const auto result = reader.next(request_limits(connection.client, state->operations->settings()));
    if (std::holds_alternative<AdminRequestReader::NeedMore>(result))
      co_return co_await send(connection, replies) ? Next::read_more : Next::end;
    if (const auto* error = std::get_if<AdminRequestReader::ProtocolError>(&result)) {
      replies += AdminReply(connection.client.protocol).error("ERR " + error->text).bytes();
      break;
    }
    ++connection.requests;
    auto answer = co_await run(*state->operations, connection.client, std::get<Arguments>(result));
    if (answer.after == AfterReply::follow && state->operations != nullptr) {
      answer.bytes = replies + answer.bytes;
      co_await follow(state, connection, std::move(answer));
      co_return Next::end;
    }
    replies += answer.bytes;
    if (answer.after != AfterReply::keep) break;
    if (replies.size() < AdminServer::most_unsent) continue;
    if (!co_await send(connection, replies)) co_return Next::end;
    replies.clear();
  }
  co_await send(connection, replies);
  co_return Next::end;
}

/// May this client be silent for as long as it likes? A Sentinel's client may, once it has sent a request; where
/// everything needs AUTH, once it has logged in. A client that never does so would take a place for nothing.
bool may_stay(const Connection& connection, const config::AdminSettings& settings) {
  const bool log_in_first = !settings.password.empty() && settings.auth_required == config::AuthRequired::all;
  return log_in_first ? connection.client.authenticated : connection.requests > 0;
}

asio::awaitable<void> serve(StatePtr state, tcp::socket socket) {
  Registered registered(state,
                        Connection{beast::tcp_stream(std::move(socket)), state->bounds.patience, Clock::now(), {}});
  auto& connection = *registered;
  auto& own = connection.stream.socket();
  boost::system::error_code ignored;
  connection.client.id = state->next_client++;
  connection.client.local_host = own.local_endpoint(ignored).address().to_string();
  own.set_option(tcp::no_delay(true), ignored);
  net::keep_alive(own.native_handle());
  AdminRequestReader reader;
  std::array<char, 4096> buffer{};
  while (state->operations != nullptr) {
    if (may_stay(connection, state->operations->settings().admin)) connection.stream.expires_never();
    else connection.stream.expires_at(connection.accepted + connection.patience);
    const auto [error, size] = co_await connection.stream.async_read_some(asio::buffer(buffer), no_throw);
    if (error) co_return;
    reader.append({buffer.data(), size});
    if (co_await serve_pending(state, connection, reader) == Next::end) break;
  }
  own.shutdown(tcp::socket::shutdown_send, ignored);
}

bool is_loopback(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address.is_loopback();
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
}

bool has_place(const AdminServer::State& state, const tcp::socket& socket) {
  boost::system::error_code ignored;
  const auto from = socket.remote_endpoint(ignored).address();
  const auto to = socket.local_endpoint(ignored).address();
  return state.clients.size() < admin_places(from, to, state.bounds.clients);
}

asio::awaitable<void> accept_clients(StatePtr state) {
  while (auto socket = co_await accept_next(state->acceptor)) {
    if (state->operations == nullptr) co_return;
    if (!has_place(*state, *socket)) {
      static constexpr std::string_view full = "-ERR max number of clients reached\r\n";
      boost::system::error_code ignored;
      socket->non_blocking(true, ignored);
      socket->write_some(asio::buffer(full), ignored);
      continue;
    }
    // Its frame owns the session; stop() closes its socket.
    asio::co_spawn(state->acceptor.get_executor(), serve(state, std::move(*socket)), asio::detached);
  }
}

}  // namespace

std::size_t admin_places(const asio::ip::address& from, const asio::ip::address& to, std::size_t clients) {
  if (from == to || is_loopback(from)) return clients;
  return clients - std::min(most_places_for_this_host, clients / 4);
}

AdminServer::AdminServer(asio::io_context& context, Operations& operations, AdminBounds bounds)
    : state_(std::make_shared<State>(context, operations, bounds)) {
  asio::co_spawn(context, accept_clients(state_), asio::detached);
}

AdminServer::~AdminServer() { stop(); }

Endpoint AdminServer::bound() const { return bound_endpoint(state_->acceptor); }

std::size_t AdminServer::clients() const { return state_->clients.size(); }

void AdminServer::stop() {
  state_->operations = nullptr;
  close_all(state_->acceptor, state_->clients);
}

}  // namespace sengu::proxy
