// Any bytes from an admin client: the requests are the same however the stream is cut, and within the limits.
// The first byte says how long the pieces are.
#include "proxy/admin/request.hpp"

#include <algorithm>

#include "tests/fuzz/input.hpp"

namespace {

using namespace sengu;
using namespace sengu::proxy;

struct Seen {
  std::vector<Arguments> requests;
  bool failed = false;  // not why: an error may be seen earlier, and then as another, where more bytes are there
  bool operator==(const Seen&) const = default;
};

Seen read(std::string_view bytes, std::size_t piece, const AdminLimits& limits) {
  Seen seen;
  AdminRequestReader reader;
  while (!bytes.empty() && !seen.failed) {
    reader.append(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    auto result = reader.next(limits);
    for (; auto* request = std::get_if<Arguments>(&result); result = reader.next(limits)) {
      fuzz::must_hold({"a request is never empty and within its limits"},
                      !request->empty() && request->size() <= limits.arguments);
      seen.requests.push_back(std::move(*request));
    }
    seen.failed = std::holds_alternative<AdminRequestReader::ProtocolError>(result);
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = fuzz::text_of(data + 1, size - 1);
  const std::size_t piece = 1u + data[0] % 16;
  for (const AdminLimits& limits : {trusted_limits, before_auth_limits})
    fuzz::must_hold({"the same requests in pieces"}, read(bytes, piece, limits) == read(bytes, size, limits));
  return 0;
}
