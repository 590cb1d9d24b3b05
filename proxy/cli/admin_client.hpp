// A blocking client of the admin port for the command line. hiredis reads the replies.
// Knows no verb: words go in, a reply comes out.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "config/types.hpp"
#include "proxy/admin_request.hpp"

struct redisReader;

namespace sengu::proxy {

/// Ends a verb: the text goes to stderr, the code becomes the exit code.
struct CliFailure {
  int code;
  std::string text;
};

struct CliReply {
  enum class Kind { text, list, error };
  Kind kind = Kind::text;
  std::string text;                 // of a text or an error
  std::vector<std::string> items;   // of a list
};

class AdminConnection {
 public:
  /// Connects. Throws CliFailure (exit_unreachable).
  AdminConnection(const Endpoint& endpoint, std::chrono::seconds patience);
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

  Endpoint endpoint_;
  int socket_ = -1;
  redisReader* reader_ = nullptr;
};

}  // namespace sengu::proxy
