// The admin port: sockets around command.hpp. Runs on the control thread; each client has a coroutine. Knows
// no command.
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include "proxy/control/operations.hpp"

namespace sengu::proxy {

/// What a client of the admin port may take up.
struct AdminBounds {
  std::size_t clients = 128;                   // at once
  std::chrono::milliseconds patience{10'000};  // until the first request; for a reply to be taken
};

/// A client that connects from address `from` to our address `to` is turned away once so many clients are connected.
/// The last few places are for clients on this host, so that its operator gets in while others hold all the rest.
std::size_t admin_places(const boost::asio::ip::address& from, const boost::asio::ip::address& to, std::size_t clients);

class AdminServer {
 public:
  static constexpr std::size_t most_unsent = 1024 * 1024;  // bytes of replies that a client left unread

  /// Binds settings().admin.listen. Throws boost::system::system_error.
  AdminServer(boost::asio::io_context& context, Operations& operations, AdminBounds bounds = {});
  /// Calls stop(). The coroutines that are left touch neither this object nor the operations again.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  Endpoint bound() const;
  std::size_t clients() const;
  /// Closes the listener and every client.
  void stop();

  struct State;

 private:
  std::shared_ptr<State> state_;  // shared with the coroutines only, which may outlive this object
};

}  // namespace sengu::proxy
