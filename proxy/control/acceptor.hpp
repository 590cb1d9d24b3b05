// Binding and accepting for the two servers of the control thread (admin, HTTP).
// The data plane has its own (listener.hpp), on its workers. Knows no protocol.
#pragma once

#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "config/base/types.hpp"

namespace sengu::proxy {

/// Binds and listens. Throws boost::system::system_error with the address in its text (start-up only).
boost::asio::ip::tcp::acceptor listen_on(boost::asio::io_context& context, const Endpoint& endpoint);

/// The address that the acceptor is really bound to (port 0 in the configuration).
Endpoint bound_endpoint(const boost::asio::ip::tcp::acceptor& acceptor);

/// The next connection. A shortage (EMFILE, ENFILE, ENOBUFS, ENOMEM) or an aborted connection is waited out, so that
/// neither ends the server nor spins. Returns nothing when the acceptor was closed.
boost::asio::awaitable<std::optional<boost::asio::ip::tcp::socket>> accept_next(
    boost::asio::ip::tcp::acceptor& acceptor);

}  // namespace sengu::proxy
