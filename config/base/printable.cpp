// See printable.hpp.
#include "config/base/printable.hpp"

#include <algorithm>
#include <cstdint>

namespace sengu {
namespace {

/// Length of the valid UTF-8 sequence that begins `text` (RFC 3629: no overlong forms, no surrogates); 0 if none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return 0;
    return 4;
  }
  return 0;
}

/// True for the control characters of ASCII, and for U+0080..U+009F: some terminals take U+009B for ESC [.
bool is_control(std::string_view letter) {
  const auto last = static_cast<std::uint8_t>(letter.back());
  if (letter.size() == 1) return last < 0x20 || last == 0x7F;
  return letter.size() == 2 && letter.front() == '\xC2' && last < 0xA0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const auto length = sequence_length(text);
    if (length == 0 || is_control(text.substr(0, length))) {
      clean += '?';
      text.remove_prefix(std::max<std::size_t>(length, 1));
    } else {
      clean += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return clean;
}

std::string printable_line(std::string_view text) {
  constexpr std::size_t longest = 200;
  return printable(text.substr(0, longest));
}

}  // namespace sengu
