// RESP2 as values: words -> bytes, bytes -> Reply. hiredis is used as the codec and nothing else of it. Owns the bounds
// on what a server may send us; knows no socket, no command and no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sengu::health::redis {

/// One command as its words, e.g. {"INFO", "server"}.
using CommandLine = std::vector<std::string>;

struct Reply {
  enum class Type : std::uint8_t { nil, status, error, integer, string, array };
  Type type = Type::nil;
  std::string text;  // of status, error (without '-') and string
  std::int64_t integer = 0;
  std::vector<Reply> elements;  // of array

  bool is_error() const { return type == Type::error; }
};

/// The most bytes of one reply on the wire, unless the reader was made for more (INFO of a busy server: 6 KiB) ...
constexpr std::size_t max_reply_bytes = 1024 * 1024;
/// ... and the most values in one reply, however deep (hiredis itself refuses more than 7 levels).
constexpr std::size_t max_reply_values = 4096;

/// The command as a RESP array of bulk strings, appended to `out`.
void append_command(std::string& out, const CommandLine& words);

/// Cuts a byte stream into replies. Once invalid it stays so: the connection is of no more use.
class ReplyReader {
 public:
  explicit ReplyReader(std::size_t max_bytes = max_reply_bytes);
  ~ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;

  void feed(std::string_view bytes);
  /// The next whole reply; none where more bytes are needed or the stream is invalid.
  std::optional<Reply> next();
  bool invalid() const;
  /// Why invalid, for people.
  std::string error() const;
  /// True while bytes of a reply that is not whole (or not taken) are waiting.
  bool has_leftover() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sengu::health::redis
