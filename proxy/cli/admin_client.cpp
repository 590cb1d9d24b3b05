// See admin_client.hpp.
#include "proxy/cli/admin_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/admin/reply.hpp"
#include "proxy/app/exit_code.hpp"

namespace sengu::proxy {
namespace {

CliReply taken(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_ERROR: return {CliReply::Kind::error, std::string(reply.str, reply.len), {}};
    case REDIS_REPLY_INTEGER: return {CliReply::Kind::text, std::to_string(reply.integer), {}};
    case REDIS_REPLY_ARRAY: {
      CliReply list{CliReply::Kind::list, {}, {}};
      for (std::size_t at = 0; at < reply.elements; ++at) list.items.push_back(taken(*reply.element[at]).text);
      return list;
    }
    case REDIS_REPLY_NIL: return {};
    default: return {CliReply::Kind::text, std::string(reply.str, reply.len), {}};
  }
}

/// What may stand in a name: no colon, so that an IPv6 address without brackets is not taken for one.
bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

}  // namespace

boost::system::result<AdminAddress> parse_admin_address(std::string_view text) {
  const auto invalid = make_error_code(boost::system::errc::invalid_argument);
  AdminAddress address;
  if (const auto endpoint = parse_endpoint(text)) {
    address = {endpoint->host, endpoint->port};
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    const auto port = text.substr(std::min(colon + 1, text.size()));
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc() || end != port.data() + port.size() || !is_name(text.substr(0, colon))) return invalid;
    address.host = text.substr(0, colon);
  }
  if (address.port == 0) return invalid;
  return address;
}

AdminConnection::AdminConnection(const AdminAddress& address, std::chrono::seconds patience) : address_(address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
      error != 0)
    fail(::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  int error = 0;
  for (const auto* one = found; one != nullptr && socket_ < 0; one = one->ai_next) {
    socket_ = ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (socket_ < 0) continue;
    set_patience(patience);
    if (::connect(socket_, one->ai_addr, one->ai_addrlen) == 0) break;
    error = errno;
    ::close(socket_);
    socket_ = -1;
  }
  if (socket_ < 0) fail(error == EINPROGRESS ? "no answer in time" : std::strerror(error));
  reader_ = ::redisReaderCreate();
}

AdminConnection::~AdminConnection() {
  if (reader_ != nullptr) ::redisReaderFree(reader_);
  if (socket_ >= 0) ::close(socket_);
}

void AdminConnection::fail(const std::string& what) const {
  throw CliFailure{exit_unreachable,
                   fmt::format("admin port {}: {}", to_string(Endpoint{address_.host, address_.port}), what)};
}

void AdminConnection::set_patience(std::chrono::seconds patience) {
  const timeval time{static_cast<time_t>(patience.count()), 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

void AdminConnection::log_in(const Secret& password) {
  send({"AUTH", password.value});
  const auto reply = receive();
  // A sengu without a password needs no log-in: that is not an error of the operator.
  if (reply.kind == CliReply::Kind::error && !reply.text.starts_with("ERR AUTH <password> called without"))
    fail("log-in failed: " + reply.text);
}

CliReply AdminConnection::ask(const Arguments& words) {
  send(words);
  auto reply = receive();
  if (reply.kind == CliReply::Kind::error && reply.text.starts_with("NOAUTH"))
    fail("a password is needed: --admin-password-file or SENGU_ADMIN_PASSWORD_FILE");
  return reply;
}

void AdminConnection::send(const Arguments& words) {
  AdminReply request(Protocol::resp2);
  request.array(words.size());
  for (const auto& word : words) request.bulk(word);
  std::string_view rest = request.bytes();
  while (!rest.empty()) {
    const auto sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) fail(std::strerror(errno));
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

CliReply AdminConnection::receive() {
  while (true) {
    void* raw = nullptr;
    if (::redisReaderGetReply(reader_, &raw) != REDIS_OK)
      fail(fmt::format("not the admin port of a sengu ({})", reader_->errstr));
    if (raw != nullptr) {
      const std::unique_ptr<void, decltype(&::freeReplyObject)> owner(raw, &::freeReplyObject);
      return taken(*static_cast<const redisReply*>(raw));
    }
    std::array<char, 16384> buffer{};
    const auto size = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail(errno == EAGAIN ? "no answer in time" : std::strerror(errno));
    if (size == 0) fail("closed the connection");
    ::redisReaderFeed(reader_, buffer.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace sengu::proxy
