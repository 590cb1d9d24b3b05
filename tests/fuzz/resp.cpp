// Any bytes from a server: the replies are the same however the stream is cut, and within their bounds.
// The first byte says how long the pieces are.
#include <string>
#include <vector>

#include "config/base/printable.hpp"
#include "health/redis/info.hpp"
#include "health/redis/resp.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace sengu;
using namespace sengu::health::redis;

std::size_t values_of(const Reply& reply) {
  std::size_t count = 1;
  for (const Reply& element : reply.elements) count += values_of(element);
  return count;
}

void describe(const Reply& reply, std::string& out) {
  out += std::to_string(static_cast<int>(reply.type)) + ':' + std::to_string(reply.integer) + ':' + reply.text + '[';
  for (const Reply& element : reply.elements) describe(element, out);
  out += ']';
}

struct Seen {
  std::string replies;
  bool invalid = false;
  bool operator==(const Seen&) const = default;
};

Seen read(std::string_view bytes, std::size_t piece) {
  Seen seen;
  ReplyReader reader;
  while (!bytes.empty()) {
    reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (const auto reply = reader.next()) {
      fuzz::must_hold({"a reply holds at most max_reply_values"}, values_of(*reply) <= max_reply_values);
      if (reply->is_error()) (void)classify_error(reply->text);
      if (reply->type == Reply::Type::string) (void)parse_info(reply->text);
      (void)printable_line(reply->text);
      describe(*reply, seen.replies);
    }
  }
  seen.invalid = reader.invalid();
  fuzz::must_hold({"an invalid stream says why"}, seen.invalid == !reader.error().empty());
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = fuzz::text_of(data + 1, size - 1);
  fuzz::must_hold({"the same replies in pieces"}, read(bytes, 1u + data[0] % 16) == read(bytes, size));
  return 0;
}
