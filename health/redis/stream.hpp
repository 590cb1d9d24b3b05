// A TCP socket that may speak TLS; Link and Exchange read from it and write to it. In clear text the Stream is just the
// socket. Owns the socket and the TLS session on it; knows no Redis and no deadline, and does not connect. The caller
// makes the second connection, in clear text, to a server without TLS: forget_tls(), then connect again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "health/net/tls.hpp"

namespace sengu::health::redis {

/// True where the server ended the connection, and sent no TLS alert that says why.
bool is_end(const boost::system::error_code& error);

class Stream {
 public:
  using tcp = boost::asio::ip::tcp;

  /// A null `tls` means clear text. A TLS handshake writes more than once, at instants that the caller does not choose:
  /// `before_write` is called before each write of TLS, and closes the socket where nothing must be sent any more.
  Stream(boost::asio::io_context& io, std::shared_ptr<const net::TlsContext> tls,
         std::function<void()> before_write = {});

  tcp::socket& socket() { return wire_.socket; }
  const tcp::socket& socket() const { return wire_.socket; }

  /// True where async_handshake must come first, once the socket is connected.
  bool has_tls() const { return context_ != nullptr; }
  /// True where the handshake failed as it does at a server without TLS, and the mode allows clear text ("prefer").
  bool may_fall_back(const boost::system::error_code& handshake) const;
  /// Closes the socket; from the next connect on the stream is in clear text. Requires that no operation is pending.
  void forget_tls();
  /// How many bytes of TLS have come so far; 0 in clear text. They tell a server that is slow in its handshake from a
  /// silent one.
  std::uint64_t tls_bytes() const;
  /// For people.
  std::string error_text(const boost::system::error_code& error) const;

  template <class Token>
  auto async_handshake(const boost::asio::ip::address& server, Token&& token) {
    session_ = context_->new_session(server);
    tls_.emplace(wire_, session_);
    return tls_->async_handshake(boost::asio::ssl::stream_base::client, std::forward<Token>(token));
  }

  template <class Token>
  auto async_read_some(const boost::asio::mutable_buffer& into, Token&& token) {
    return tls_ ? tls_->async_read_some(into, std::forward<Token>(token))
                : wire_.socket.async_read_some(into, std::forward<Token>(token));
  }

  /// All of it.
  template <class Token>
  auto async_write(const boost::asio::const_buffer& from, Token&& token) {
    return tls_ ? boost::asio::async_write(*tls_, from, std::forward<Token>(token))
                : boost::asio::async_write(wire_.socket, from, std::forward<Token>(token));
  }

 private:
  /// The socket as asio::ssl::stream sees it.
  struct Wire {
    using lowest_layer_type = tcp::socket::lowest_layer_type;
    using executor_type = tcp::socket::executor_type;

    executor_type get_executor() { return socket.get_executor(); }
    lowest_layer_type& lowest_layer() { return socket.lowest_layer(); }
    template <class Buffers, class Token>
    auto async_read_some(const Buffers& into, Token&& token) {
      return socket.async_read_some(into, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& from, Token&& token) {
      if (before_write) before_write();
      return socket.async_write_some(from, std::forward<Token>(token));
    }

    tcp::socket socket;
    std::function<void()> before_write;
  };

  Wire wire_;
  std::shared_ptr<const net::TlsContext> context_;
  std::optional<boost::asio::ssl::stream<Wire&>> tls_;  // from the handshake on
  SSL* session_ = nullptr;                              // tls_ owns it
};

}  // namespace sengu::health::redis
