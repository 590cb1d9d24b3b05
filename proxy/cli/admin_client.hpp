// A blocking client of the admin port for the command line. hiredis reads the replies.
// Knows no verb: words go in, a reply comes out.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/types.hpp"
#include "proxy/admin/request.hpp"

struct redisReader;

namespace sengu::proxy {

/// Ends a verb: the text goes to stderr, the code becomes the exit code.
struct CliFailure {
  int code;
  std::string text;
};

/// Where the admin port is. The host is an IP address or a name, which is resolved when connecting.
struct AdminAddress {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const AdminAddress&) const = default;
};

/// "10.0.0.1:26379", "[::1]:26379" or "sengu.example.org:26379"; the port is 1 to 65535.
/// Errors: std::errc::invalid_argument. Looks nothing up: whether a name exists is found out by connecting.
boost::system::result<AdminAddress> parse_admin_address(std::string_view text);

struct CliReply {
  enum class Kind { text, list, error };
  Kind kind = Kind::text;
  std::string text;                // of a text or an error
  std::vector<std::string> items;  // of a list
};

class AdminConnection {
 public:
  /// Resolves and connects, to each address of a name in turn. Throws CliFailure (exit_unreachable).
  AdminConnection(const AdminAddress& address, std::chrono::seconds patience);
  ~AdminConnection();
  AdminConnection(const AdminConnection&) = delete;
  AdminConnection& operator=(const AdminConnection&) = delete;

  /// Throws CliFailure (exit_unreachable) where the password is refused.
  void log_in(const Secret& password);
  /// One request, its reply. Throws CliFailure where the connection breaks or log-in is missing.
  CliReply ask(const Arguments& words);
  void send(const Arguments& words);
  CliReply receive();
  /// How long receive() waits; zero = for ever.
  void set_patience(std::chrono::seconds patience);

 private:
  [[noreturn]] void fail(const std::string& what) const;

  AdminAddress address_;
  int socket_ = -1;
  redisReader* reader_ = nullptr;
};

}  // namespace sengu::proxy
