#include "health/redis/stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/bio.h>

#include "config/base/assert.hpp"

namespace sengu::health::redis {

namespace asio = boost::asio;
using boost::system::error_code;

bool is_end(const error_code& error) {
  return error == asio::ssl::error::stream_truncated || error == asio::error::eof ||
         error == asio::error::connection_reset || error == asio::error::broken_pipe;
}

Stream::Stream(asio::io_context& io, std::shared_ptr<const net::TlsContext> tls, std::function<void()> before_write)
    : wire_{tcp::socket(io), std::move(before_write)}, context_(std::move(tls)) {}

bool Stream::may_fall_back(const error_code& handshake) const {
  if (!tls_ || context_->mode() != config::Tls::prefer) return false;
  return net::is_clear_text(handshake) || (is_end(handshake) && tls_bytes() == 0);
}

void Stream::forget_tls() {
  error_code ignored;
  wire_.socket.close(ignored);
  tls_.reset();
  context_.reset();
}

std::uint64_t Stream::tls_bytes() const { return tls_ ? ::BIO_number_read(::SSL_get_rbio(session_)) : 0; }

std::string Stream::error_text(const error_code& error) const {
  if (error == asio::ssl::error::stream_truncated) return error_code(asio::error::eof).message();
  if (!tls_ || !net::is_tls_error(error)) return error.message();
  return net::tls_error_text(error, session_);
}

}  // namespace sengu::health::redis
