// Reads what admin clients send: RESP2 arrays of bulk strings and plain inline lines, any number of them pipelined.
// Incremental and pure: bytes go in, requests come out. Knows no socket.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sengu::proxy {

using Arguments = std::vector<std::string>;

struct AdminLimits {
  std::size_t bytes;  // of one request, framing included
  std::size_t arguments;
};
inline constexpr AdminLimits trusted_limits{64 * 1024, 32};
inline constexpr AdminLimits before_auth_limits{1024, 32};  // a stranger gets little memory

class AdminRequestReader {
 public:
  struct NeedMore {};
  struct ProtocolError {
    std::string text;
  };  // "Protocol error: ..."; the connection must end
  using Result = std::variant<NeedMore, Arguments, ProtocolError>;

  void append(std::string_view bytes) { buffer_ += bytes; }
  /// The next whole request (never empty: empty lines are skipped), as Redis reads it.
  Result next(const AdminLimits& limits);

 private:
  Result next_array(const AdminLimits& limits);
  Result next_inline(const AdminLimits& limits);

  std::string buffer_;
};

/// One inline line into words, with the quoting of redis' sdssplitargs.
struct InlineWords {
  bool balanced = true;  // every quote is closed; else `words` is empty
  Arguments words;
};
InlineWords split_inline(std::string_view line);

}  // namespace sengu::proxy
