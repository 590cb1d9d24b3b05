// See reply.hpp.
#include "proxy/admin/reply.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sengu::proxy {
namespace {

/// A simple string or an error ends with its line: what it quotes must not begin a reply of its own.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return line;
}

}  // namespace

AdminReply& AdminReply::simple(std::string_view text) {
  bytes_ += fmt::format("+{}\r\n", one_line(text));
  return *this;
}

AdminReply& AdminReply::error(std::string_view text) {
  bytes_ += fmt::format("-{}\r\n", one_line(text));
  return *this;
}

AdminReply& AdminReply::integer(std::int64_t value) {
  bytes_ += fmt::format(":{}\r\n", value);
  return *this;
}

AdminReply& AdminReply::bulk(std::string_view text) {
  bytes_ += fmt::format("${}\r\n", text.size());
  bytes_ += text;
  bytes_ += "\r\n";
  return *this;
}

AdminReply& AdminReply::document(std::string_view text) {
  if (protocol_ == Protocol::resp2) return bulk(text);
  bytes_ += fmt::format("={}\r\ntxt:", text.size() + 4);
  bytes_ += text;
  bytes_ += "\r\n";
  return *this;
}

AdminReply& AdminReply::null_bulk() {
  bytes_ += protocol_ == Protocol::resp3 ? "_\r\n" : "$-1\r\n";
  return *this;
}

AdminReply& AdminReply::null_array() {
  bytes_ += protocol_ == Protocol::resp3 ? "_\r\n" : "*-1\r\n";
  return *this;
}

AdminReply& AdminReply::array(std::size_t size) {
  bytes_ += fmt::format("*{}\r\n", size);
  return *this;
}

AdminReply& AdminReply::map(std::size_t pairs) {
  bytes_ += protocol_ == Protocol::resp3 ? fmt::format("%{}\r\n", pairs) : fmt::format("*{}\r\n", pairs * 2);
  return *this;
}

}  // namespace sengu::proxy
