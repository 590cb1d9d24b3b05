// What TLS to the servers of one group needs: certificates, keys, and how much is checked. Loaded once, at the start,
// and never changed. Also says what a TLS error means for the server. Knows no socket; Stream speaks TLS over one.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include "config/settings.hpp"

namespace sengu::net {

/// At the start: a file that holds no usable certificate or key. what() names key, file and OpenSSL's reason.
struct TlsFileError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class TlsContext {
 public:
  /// Requires a mode other than off. Throws TlsFileError.
  explicit TlsContext(const config::TlsPolicy& policy);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  config::Tls mode() const { return mode_; }
  /// A session of our own side with that server; the caller owns it.
  SSL* new_session(const boost::asio::ip::address& server) const;

 private:
  void load(const config::TlsPolicy& policy);
  void load_own_certificate(const config::TlsPolicy& policy);
  void pad_hello();
  static int add_padding(SSL*, unsigned type, unsigned context, const unsigned char** out, std::size_t* size, X509*,
                         std::size_t, int*, void* self);

  const config::Tls mode_;
  boost::asio::ssl::context context_;
  SSL_CTX* const handle_;
  std::size_t padding_ = 0;
};

/// Null where the policy says off. Throws TlsFileError.
std::shared_ptr<const TlsContext> load_tls(const config::TlsPolicy& policy);

/// True where TLS itself failed, by what the server sent; false where the connection merely ended.
bool is_tls_error(const boost::system::error_code& error);
/// True where the server's bytes were no TLS.
bool is_clear_text(const boost::system::error_code& error);
/// For people; `session` is where it happened.
std::string tls_error_text(const boost::system::error_code& error, SSL* session);

}  // namespace sengu::net
