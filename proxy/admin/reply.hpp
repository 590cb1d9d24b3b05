// Writes RESP2 and RESP3 replies. One call per value; a map or array announces its size, then its values follow.
// Owns the bytes of the reply only. Knows no command and no socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sengu::proxy {

enum class Protocol : std::uint8_t { resp2 = 2, resp3 = 3 };

class AdminReply {
 public:
  explicit AdminReply(Protocol protocol) : protocol_(protocol) {}

  AdminReply& simple(std::string_view text);  // +text; line breaks become blanks
  AdminReply& error(std::string_view text);   // -text, with its code word: "ERR no such group"
  AdminReply& integer(std::int64_t value);
  AdminReply& bulk(std::string_view text);
  AdminReply& document(std::string_view text);  // many lines for people: RESP3 verbatim (redis-cli prints it raw)
  AdminReply& null_bulk();                      // $-1, or _
  AdminReply& null_array();                     // *-1, or _
  AdminReply& array(std::size_t size);
  AdminReply& map(std::size_t pairs);  // RESP2: a flat array of twice the size

  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  Protocol protocol_;
  std::string bytes_;
};

}  // namespace sengu::proxy
