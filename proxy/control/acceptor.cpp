// See acceptor.hpp.
#include "proxy/control/acceptor.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace sengu::proxy {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Long enough not to spin, short enough that an operator does not notice.
constexpr std::chrono::milliseconds pause_after_shortage{100};

void check(const boost::system::error_code& error, const Endpoint& endpoint, const char* what) {
  if (error) throw boost::system::system_error(error, std::string(what) + " " + to_string(endpoint));
}

}  // namespace

tcp::acceptor listen_on(asio::io_context& context, const Endpoint& endpoint) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(endpoint.host, error);
  check(error, endpoint, "not an address:");
  const tcp::endpoint where(address, endpoint.port);
  tcp::acceptor acceptor(context);
  acceptor.open(where.protocol(), error);
  check(error, endpoint, "cannot open a socket for");
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  check(error, endpoint, "cannot prepare");
  acceptor.bind(where, error);
  check(error, endpoint, "cannot bind");
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  check(error, endpoint, "cannot listen on");
  return acceptor;
}

Endpoint bound_endpoint(const tcp::acceptor& acceptor) {
  boost::system::error_code error;
  const auto local = acceptor.local_endpoint(error);
  if (error) return {};
  return {local.address().to_string(), local.port()};
}

asio::awaitable<std::optional<tcp::socket>> accept_next(tcp::acceptor& acceptor) {
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (!error) co_return std::move(socket);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) break;
    asio::steady_timer timer(acceptor.get_executor(), pause_after_shortage);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return std::nullopt;
}

}  // namespace sengu::proxy
