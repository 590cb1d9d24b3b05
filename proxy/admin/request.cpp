// See request.hpp. The error texts are Redis' own (networking.c), so that people find them.
#include "proxy/admin/request.hpp"

#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace sengu::proxy {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

/// Reads a "..." or '...' word whose opening quote is already gone. False where it does not end, or where
/// something follows the closing quote at once.
bool take_quoted(std::string_view& line, char quote, std::string& word) {
  while (!line.empty()) {
    const char c = line.front();
    if (c == quote) {
      line.remove_prefix(1);
      return line.empty() || is_blank(line.front());
    }
    if (quote == '"' && c == '\\' && line.size() >= 4 && line[1] == 'x' && hex_digit(line[2]) >= 0 &&
        hex_digit(line[3]) >= 0) {
      word += static_cast<char>(hex_digit(line[2]) * 16 + hex_digit(line[3]));
      line.remove_prefix(4);
    } else if (quote == '"' && c == '\\' && line.size() >= 2) {
      word += unescaped(line[1]);
      line.remove_prefix(2);
    } else if (quote == '\'' && c == '\\' && line.size() >= 2 && line[1] == '\'') {
      word += '\'';
      line.remove_prefix(2);
    } else {
      word += c;
      line.remove_prefix(1);
    }
  }
  return false;
}

/// A line that begins at `from`: its text without CRLF, and where the next begins. Empty while it is incomplete.
struct Line {
  std::string_view text;
  std::size_t next;
};
std::optional<Line> line_at(std::string_view buffer, std::size_t from) {
  const auto end = buffer.find("\r\n", from);
  if (end == std::string_view::npos) return std::nullopt;
  return Line{buffer.substr(from, end - from), end + 2};
}

std::optional<long long> number(std::string_view text) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

AdminRequestReader::ProtocolError wrong(std::string_view what) { return {fmt::format("Protocol error: {}", what)}; }

constexpr std::size_t longest_header = 32;  // "$65536\r\n" and room: a longer one is not a length

/// True where the line that begins at `from` is, or will be, too long for a length; the same whether or not it is
/// whole.
bool too_long_header(std::string_view buffer, std::size_t from, const std::optional<Line>& line) {
  return line ? line->text.size() >= longest_header : buffer.size() - from > longest_header;
}

}  // namespace

InlineWords split_inline(std::string_view line) {
  InlineWords result;
  while (true) {
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    if (line.empty()) return result;
    std::string word;
    while (!line.empty() && !is_blank(line.front())) {
      const char c = line.front();
      line.remove_prefix(1);
      if (c != '"' && c != '\'') {
        word += c;
      } else if (!take_quoted(line, c, word)) {
        return {false, {}};
      }
    }
    result.words.push_back(std::move(word));
  }
}

AdminRequestReader::Result AdminRequestReader::next(const AdminLimits& limits) {
  while (!buffer_.empty()) {
    auto result = buffer_.front() == '*' ? next_array(limits) : next_inline(limits);
    const auto* arguments = std::get_if<Arguments>(&result);
    if (arguments == nullptr || !arguments->empty()) return result;
  }
  return NeedMore{};
}

AdminRequestReader::Result AdminRequestReader::next_array(const AdminLimits& limits) {
  const std::string_view buffer(buffer_);
  const auto head = line_at(buffer, 0);
  if (too_long_header(buffer, 0, head)) return wrong("too big mbulk count string");
  if (!head) return NeedMore{};
  const auto count = number(head->text.substr(1));
  if (!count || *count > static_cast<long long>(limits.arguments)) return wrong("invalid multibulk length");
  Arguments arguments;
  std::size_t at = head->next;
  for (long long i = 0; i < *count; ++i) {
    if (at < buffer.size() && buffer[at] != '$')
      return wrong(fmt::format("expected '$', got '{}'", buffer[at] >= 0x20 && buffer[at] < 0x7F ? buffer[at] : '?'));
    const auto line = line_at(buffer, at);
    if (too_long_header(buffer, at, line)) return wrong("too big bulk count string");
    if (!line) return NeedMore{};
    const auto length = number(line->text.substr(1));
    if (!length || *length < 0 || *length > static_cast<long long>(limits.bytes)) return wrong("invalid bulk length");
    const auto size = static_cast<std::size_t>(*length);
    if (line->next + size + 2 > limits.bytes) return wrong("too big request");
    if (buffer.size() < line->next + size + 2) return NeedMore{};
    if (buffer.substr(line->next + size, 2) != "\r\n") return wrong("expected CRLF after a bulk string");
    arguments.emplace_back(buffer.substr(line->next, size));
    at = line->next + size + 2;
  }
  buffer_.erase(0, at);
  return arguments;
}

AdminRequestReader::Result AdminRequestReader::next_inline(const AdminLimits& limits) {
  const auto end = buffer_.find('\n');
  if (end == std::string::npos || end > limits.bytes) {
    if (buffer_.size() > limits.bytes) return wrong("too big inline request");
    return NeedMore{};
  }
  auto split = split_inline(std::string_view(buffer_).substr(0, end));
  buffer_.erase(0, end + 1);
  if (!split.balanced) return wrong("unbalanced quotes in request");
  if (split.words.size() > limits.arguments) return wrong("too many arguments");
  return std::move(split.words);
}

}  // namespace sengu::proxy
