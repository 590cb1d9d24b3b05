// See admin_server.hpp. One coroutine per client: read, execute one request after another (so that replies keep their
// order), write, read again. A client that does not read its replies is not read from, so nothing piles up.
#include "proxy/admin_server.hpp"

#include <array>
#include <list>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "proxy/acceptor.hpp"
#include "proxy/admin_command.hpp"
#include "proxy/event_follower.hpp"

// g++ 12 takes Asio's own operator new and delete of a coroutine frame for a mismatch when one is inlined.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace sengu::proxy {

namespace asio = boost::asio;
using asio::ip::tcp;

struct AdminServer::State {
  struct Connection {
    tcp::socket socket;
    EventFollower* follower = nullptr;  // while the client follows
  };

  State(asio::io_context& context, Operations& running)
      : acceptor(listen_on(context, running.settings().admin.listen)), operations(&running) {}

  tcp::acceptor acceptor;
  Operations* operations;               // null after stop
  std::list<Connection> connections;
  std::uint64_t next_client = 1;
};

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
using StatePtr = std::shared_ptr<AdminServer::State>;

/// Takes its connection out of the list when the coroutine's frame goes.
class Registered {
 public:
  Registered(StatePtr state, tcp::socket socket) : state_(std::move(state)) {
    state_->connections.push_back({std::move(socket), nullptr});
    at_ = std::prev(state_->connections.end());
  }
  ~Registered() { state_->connections.erase(at_); }
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;
  AdminServer::State::Connection& operator*() { return *at_; }

 private:
  StatePtr state_;
  std::list<AdminServer::State::Connection>::iterator at_;
};

asio::awaitable<bool> send(tcp::socket& socket, const std::string& bytes) {
  if (bytes.empty()) co_return true;
  const auto [error, sent] = co_await asio::async_write(socket, asio::buffer(bytes), no_throw);
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
                   asio::post(executor, [held, made = std::move(answer)]() mutable { std::move(*held)(std::move(made)); });
                 }});
      },
      asio::use_awaitable);
}

/// Ends when the client closes or says anything: then following is over.
asio::awaitable<void> until_client_speaks(tcp::socket& socket) {
  std::array<char, 1> byte{};
  co_await socket.async_read_some(asio::buffer(byte), no_throw);
}

asio::awaitable<void> stream_events(tcp::socket& socket, EventFollower& follower) {
  while (true) {
    const auto bytes = follower.drain();
    if (!co_await send(socket, bytes)) co_return;
    if (!follower.empty()) continue;
    if (follower.ended()) co_return;
    follower.timer().expires_at(asio::steady_timer::time_point::max());
    co_await follower.timer().async_wait(no_throw);
  }
}

/// EVENTS FOLLOW: what is known is sent first, nothing that happens meanwhile is missed.
asio::awaitable<void> follow(StatePtr state, AdminServer::State::Connection& connection, AdminAnswer answer, Protocol protocol) {
  EventFollower follower(connection.socket.get_executor(), state->operations->events(),
                         [form = answer.form, protocol](const RecordedEvent& event) { return event_reply(event, form, protocol); });
  struct Entered {
    AdminServer::State::Connection& connection;
    Entered(AdminServer::State::Connection& entered, EventFollower& one) : connection(entered) { connection.follower = &one; }
    ~Entered() { connection.follower = nullptr; }
  } const entered(connection, follower);
  if (!co_await send(connection.socket, answer.bytes)) co_return;
  using namespace asio::experimental::awaitable_operators;
  co_await (stream_events(connection.socket, follower) || until_client_speaks(connection.socket));
}

enum class Next { read_more, end };

/// Executes everything that is already here.
asio::awaitable<Next> serve_pending(StatePtr state, AdminServer::State::Connection& connection, AdminClient& client,
                                    AdminRequestReader& reader) {
  std::string replies;
  while (state->operations != nullptr) {
    const auto result = reader.next(request_limits(client, state->operations->settings()));
    if (std::holds_alternative<AdminRequestReader::NeedMore>(result))
      co_return co_await send(connection.socket, replies) ? Next::read_more : Next::end;
    if (const auto* error = std::get_if<AdminRequestReader::ProtocolError>(&result)) {
      replies += AdminReply(client.protocol).error("ERR " + error->text).bytes();
      break;
    }
    auto answer = co_await run(*state->operations, client, std::get<Arguments>(result));
    if (answer.after == AfterReply::follow && state->operations != nullptr) {
      answer.bytes = replies + answer.bytes;
      co_await follow(state, connection, std::move(answer), client.protocol);
      co_return Next::end;
    }
    replies += answer.bytes;
    if (answer.after != AfterReply::keep) break;
    if (replies.size() < AdminServer::most_unsent) continue;
    if (!co_await send(connection.socket, replies)) co_return Next::end;
    replies.clear();
  }
  co_await send(connection.socket, replies);
  co_return Next::end;
}

asio::awaitable<void> serve(StatePtr state, tcp::socket socket) {
  Registered registered(state, std::move(socket));
  auto& connection = *registered;
  AdminClient client;
  client.id = state->next_client++;
  boost::system::error_code ignored;
  client.local_host = connection.socket.local_endpoint(ignored).address().to_string();
  connection.socket.set_option(tcp::no_delay(true), ignored);
  connection.socket.set_option(asio::socket_base::keep_alive(true), ignored);
  AdminRequestReader reader;
  std::array<char, 4096> buffer{};
  while (state->operations != nullptr) {
    const auto [error, size] = co_await connection.socket.async_read_some(asio::buffer(buffer), no_throw);
    if (error) co_return;
    reader.append({buffer.data(), size});
    if (co_await serve_pending(state, connection, client, reader) == Next::end) break;
  }
  connection.socket.shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> accept_clients(StatePtr state) {
  while (auto socket = co_await accept_next(state->acceptor)) {
    if (state->operations == nullptr) co_return;
    if (state->connections.size() >= AdminServer::most_clients) {
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

AdminServer::AdminServer(asio::io_context& context, Operations& operations)
    : state_(std::make_shared<State>(context, operations)) {
  asio::co_spawn(context, accept_clients(state_), asio::detached);
}

AdminServer::~AdminServer() { stop(); }

Endpoint AdminServer::bound() const { return bound_endpoint(state_->acceptor); }

std::size_t AdminServer::clients() const { return state_->connections.size(); }

void AdminServer::stop() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  state_->operations = nullptr;
  for (auto& connection : state_->connections) {
    if (connection.follower != nullptr) connection.follower->detach();
    connection.socket.close(ignored);
  }
}

}  // namespace sengu::proxy
