// The admin port: sockets around command.hpp. Runs on the control thread; a client lives in the frame of its
// coroutine. Knows no command.
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include "proxy/control/operations.hpp"

namespace sengu::proxy {

/// What a client of the admin port may take up.
struct AdminBounds {
  std::size_t clients = 128;                 // at once
  std::chrono::milliseconds patience{10'000};  // until the first request; for a reply to be taken
};

/// So many clients may be there before one that connects `from` there `to` us is turned away: the last few places are
/// for this host, so that its operator gets in while others hold all the rest.
std::size_t admin_places(const boost::asio::ip::address& from, const boost::asio::ip::address& to, std::size_t clients);

class AdminServer {
 public:
  static constexpr std::size_t most_unsent = 1024 * 1024;  // bytes of replies that a client left unread

  /// Binds settings().admin.listen. Throws boost::system::system_error.
  AdminServer(boost::asio::io_context& context, Operations& operations, AdminBounds bounds = {});
  /// stop(); what is left of the coroutines touches neither this object nor the operations again.
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
