// One pass over the text for each trap.
#include "config/traps.hpp"

#include <algorithm>
#include <string>

namespace sengu::config {
namespace {

// toml11 recurses over brackets and over the parts of a dotted key, and is quadratic in the latter: a file of nothing
// else would end the process. The schema has three levels.
constexpr int deepest_nesting = 100;
constexpr int most_dots = 16;
// For each value toml11 copies the line, into messages that are never shown: an array of 800 KB on one line took
// minutes.
constexpr std::size_t longest_line = 16 * 1024;

/// The line where brackets nest too deeply, counted without regard to strings; 0 where none does.
int too_deep_line(std::string_view text) {
  int line = 1, depth = 0;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > deepest_nesting) return line;
  }
  return 0;
}

/// The end of the string that opens at `at`. A single-line one ends with its line at the latest.
std::size_t string_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const bool multi_line = text.substr(at, 3) == std::string(3, quote);
  at += multi_line ? 3 : 1;
  for (; at < text.size(); ++at) {
    if (text[at] == '\\' && quote == '"') {
      ++at;
    } else if (!multi_line && (text[at] == quote || text[at] == '\n')) {
      return text[at] == quote ? at + 1 : at;
    } else if (multi_line && text.substr(at, 3) == std::string(3, quote)) {
      return std::min({text.find_first_not_of(quote, at), at + 5,
                       text.size()});  // up to two quotes of its own may stand before the end
    }
  }
  return text.size();
}

/// The line of a key with too many dots, 0 where there is none. Strings and comments may hold any number of them.
int too_dotted_line(std::string_view text) {
  int line = 1, dots = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::size_t next = at + 1;
    if (c == '"' || c == '\'') next = string_end(text, at);
    if (c == '#') next = std::min(text.find('\n', at), text.size());
    if (c == '.' && ++dots > most_dots) return line;
    if (std::string_view("\n#=,[]{}").find(c) != std::string_view::npos) dots = 0;
    line += static_cast<int>(std::count(text.begin() + at, text.begin() + next, '\n'));
    at = next;
  }
  return 0;
}

/// The length of the character at the front, 0 where it is not UTF-8 (RFC 3629: none too long, no surrogate, none past
/// U+10FFFF).
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
  const auto follows = [&](std::size_t at, unsigned least, unsigned most) {
    return byte(at) >= least && byte(at) <= most;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool second = follows(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
    return second && follows(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead < 0xF0 || lead > 0xF4) return 0;
  const bool second = follows(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
  return second && follows(2, 0x80, 0xBF) && follows(3, 0x80, 0xBF) ? 4 : 0;
}

/// The line that is not UTF-8, 0 where all of it is.
int not_utf8_line(std::string_view text) {
  int line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text.substr(at));
    if (length == 0) return line;
    if (text[at] == '\n') ++line;
    at += length;
  }
  return 0;
}

/// The line that is too long, 0 where none is.
int too_long_line(std::string_view text) {
  int line = 1;
  for (; !text.empty(); ++line) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    if (length > longest_line) return line;
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return 0;
}

}  // namespace

std::optional<Trap> find_trap(std::string_view text) {
  if (const int line = not_utf8_line(text); line > 0) return Trap{line, "is not UTF-8"};
  if (const int line = too_deep_line(text); line > 0) return Trap{line, "brackets nest too deeply"};
  if (const int line = too_dotted_line(text); line > 0) return Trap{line, "a key with too many dots"};
  if (const int line = too_long_line(text); line > 0) return Trap{line, "a line of more than 16 KiB"};
  return std::nullopt;
}

}  // namespace sengu::config
