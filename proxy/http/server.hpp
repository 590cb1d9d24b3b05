// The HTTP port: Beast around route.hpp. Runs on the control thread; documents are written on one helper thread.
// Knows no document; of the paths only that of the event stream, which resumes after Last-Event-ID.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "proxy/control/operations.hpp"

namespace sengu::proxy {

class HttpServer {
 public:
  static constexpr std::size_t most_clients = 256;
  static constexpr std::uint32_t most_header_bytes = 8 * 1024;
  static constexpr std::chrono::seconds patience{10};  // for a request, for a reply to be taken, between two requests

  /// Binds settings().http.listen; `clients` at once. Throws boost::system::system_error.
  HttpServer(boost::asio::io_context& context, Operations& operations, std::size_t clients = most_clients);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  Endpoint bound() const;
  std::size_t clients() const;
  void stop();

  struct State;

 private:
  boost::asio::thread_pool helper_{1};
  std::shared_ptr<State> state_;  // shared with the coroutines only, which may outlive this object
};

}  // namespace sengu::proxy
