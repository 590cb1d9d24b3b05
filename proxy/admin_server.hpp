// The admin port: sockets around admin_command. Runs on the control thread; a client lives in the frame of its
// coroutine. Knows no command.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "proxy/operations.hpp"

namespace sengu::proxy {

class AdminServer {
 public:
  static constexpr std::size_t most_clients = 128;
  static constexpr std::size_t most_unsent = 1024 * 1024;  // bytes of replies that a client left unread

  /// Binds settings().admin.listen. Throws boost::system::system_error.
  AdminServer(boost::asio::io_context& context, Operations& operations);
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
