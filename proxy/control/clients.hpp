// The clients of one port of the control thread. Each client has a coroutine, and is in this list as long as the
// coroutine's frame lives. A Connection has a `stream` (boost::beast::tcp_stream) and a `follower`. Control thread
// only.
#pragma once

#include <iterator>
#include <list>
#include <memory>

#include <boost/asio/ip/tcp.hpp>

#include "proxy/events/follower.hpp"

namespace sengu::proxy {

template <typename Connection>
using Clients = std::list<Connection>;

/// Puts a connection into the list, and takes it out when the coroutine's frame goes. `State` has `clients`.
template <typename State>
class Registered {
 public:
  using Connection = typename decltype(State::clients)::value_type;

  Registered(std::shared_ptr<State> state, Connection connection) : state_(std::move(state)) {
    state_->clients.push_back(std::move(connection));
    at_ = std::prev(state_->clients.end());
  }
  ~Registered() { state_->clients.erase(at_); }
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;
  Connection& operator*() { return *at_; }

 private:
  std::shared_ptr<State> state_;
  typename Clients<Connection>::iterator at_;
};

/// The client follows events as long as this lives.
template <typename Connection>
class Following {
 public:
  Following(Connection& connection, EventFollower& follower) : connection_(connection) {
    connection_.follower = &follower;
  }
  ~Following() { connection_.follower = nullptr; }
  Following(const Following&) = delete;
  Following& operator=(const Following&) = delete;

 private:
  Connection& connection_;
};

/// Closes the acceptor and every client; the clients' coroutines then end by themselves.
template <typename Connection>
void close_all(boost::asio::ip::tcp::acceptor& acceptor, Clients<Connection>& clients) {
  boost::system::error_code ignored;
  acceptor.close(ignored);
  for (auto& client : clients) {
    if (client.follower != nullptr) client.follower->detach();
    client.stream.socket().close(ignored);
  }
}

}  // namespace sengu::proxy
