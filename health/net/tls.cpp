#include "health/net/tls.hpp"

#include <array>

#include <boost/asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "config/base/assert.hpp"

namespace sengu::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t record_header = 5;
constexpr std::size_t extension_header = 4;
constexpr unsigned grease_extension = 0xfafa;  // RFC 8701: reserved so that servers ignore it
const std::array<unsigned char, 256> zeros{};

std::string reason_of(const error_code& error) {
  const char* reason = ::ERR_reason_error_string(static_cast<unsigned long>(static_cast<unsigned>(error.value())));
  return reason != nullptr ? reason : error.message();
}

void require(const error_code& error, const char* key, const std::string& file) {
  if (error) throw TlsFileError(std::string(key) + " \"" + file + "\": " + reason_of(error));
}

/// The size of a ClientHello, without the header of its record.
std::size_t hello_size(SSL_CTX* context) {
  const std::unique_ptr<SSL, decltype(&::SSL_free)> session(::SSL_new(context), ::SSL_free);
  SENGU_ASSERT(session);
  BIO* const out = ::BIO_new(::BIO_s_mem());
  ::SSL_set_bio(session.get(), ::BIO_new(::BIO_s_mem()), out);  // the session owns both
  ::SSL_connect(session.get());
  ::ERR_clear_error();
  SENGU_ASSERT(BIO_pending(out) > static_cast<int>(record_header));
  return static_cast<std::size_t>(BIO_pending(out)) - record_header;
}

}  // namespace

TlsContext::TlsContext(const config::TlsPolicy& policy)
    : mode_(policy.mode), context_(asio::ssl::context::tls_client), handle_(context_.native_handle()) {
  SENGU_ASSERT(mode_ != config::Tls::off);
  ::SSL_CTX_set_min_proto_version(handle_, TLS1_2_VERSION);
  ::SSL_CTX_set_options(handle_, SSL_OP_NO_RENEGOTIATION);
  load(policy);
  pad_hello();
}

void TlsContext::load(const config::TlsPolicy& policy) {
  error_code error;
  if (!policy.cert_file.empty()) load_own_certificate(policy);
  if (mode_ != config::Tls::verify) return;
  context_.set_verify_mode(asio::ssl::verify_peer);
  if (policy.ca_file.empty()) {
    context_.set_default_verify_paths(error);
    return require(error, "ca_file", "");
  }
  context_.load_verify_file(policy.ca_file, error);
  require(error, "ca_file", policy.ca_file);
}

void TlsContext::load_own_certificate(const config::TlsPolicy& policy) {
  error_code error;
  context_.use_certificate_chain_file(policy.cert_file, error);
  require(error, "cert_file", policy.cert_file);
  // Without a callback OpenSSL asks for a passphrase on the terminal, and waits.
  const auto asked = std::make_shared<bool>(false);
  context_.set_password_callback([asked](std::size_t, asio::ssl::context::password_purpose) {
    *asked = true;
    return std::string();
  });
  context_.use_private_key_file(policy.key_file, asio::ssl::context::pem, error);
  if (error && *asked)
    throw TlsFileError("key_file \"" + policy.key_file + "\": it has a passphrase, and nobody can be asked for it");
  require(error, "key_file", policy.key_file);
}

/// A Redis without TLS takes a ClientHello for the begin of an inline command, and waits for its rest for ever, as if
/// the server were frozen (networking.c, processInlineBuffer: it looks for '\n' up to the first NUL, which is the
/// seventh byte). But where the record's length, its fifth byte, is '\n', Redis answers with an error at once. So the
/// hello is padded to such a length.
void TlsContext::pad_hello() {
  const auto added = ::SSL_CTX_add_custom_ext(handle_, grease_extension, SSL_EXT_CLIENT_HELLO, add_padding, nullptr,
                                              this, nullptr, nullptr);
  SENGU_ASSERT(added == 1);
  const std::size_t over = (hello_size(handle_) - '\n') % 256;
  padding_ = (256 - over) % 256;
  SENGU_ASSERT(hello_size(handle_) % 256 == '\n');
}

int TlsContext::add_padding(SSL*, unsigned, unsigned, const unsigned char** out, std::size_t* size, X509*, std::size_t,
                            int*, void* self) {
  *out = zeros.data();
  *size = static_cast<const TlsContext*>(self)->padding_;
  return 1;
}

SSL* TlsContext::new_session(const asio::ip::address& server) const {
  SSL* const session = ::SSL_new(handle_);
  SENGU_ASSERT(session != nullptr);
  // Nodes are IP addresses, and those are not sent as a server name (RFC 6066 §3).
  if (mode_ != config::Tls::verify) return session;
  const int named = ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), server.to_string().c_str());
  SENGU_ASSERT(named == 1);
  return session;
}

std::shared_ptr<const TlsContext> load_tls(const config::TlsPolicy& policy) {
  if (policy.mode == config::Tls::off) return nullptr;
  return std::make_shared<const TlsContext>(policy);
}

bool is_tls_error(const error_code& error) { return error.category() == asio::error::get_ssl_category(); }

bool is_clear_text(const error_code& error) {
  if (!is_tls_error(error)) return false;
  const int reason = ERR_GET_REASON(static_cast<unsigned>(error.value()));
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_PACKET_LENGTH_TOO_LONG;
}

std::string tls_error_text(const error_code& error, SSL* session) {
  if (is_clear_text(error)) return "TLS: the server does not speak TLS (" + reason_of(error) + ")";
  std::string text = "TLS: " + reason_of(error);
  const long verified = ::SSL_get_verify_result(session);
  if (ERR_GET_REASON(static_cast<unsigned>(error.value())) == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK)
    text += std::string(": ") + ::X509_verify_cert_error_string(verified);
  return text;
}

}  // namespace sengu::net
