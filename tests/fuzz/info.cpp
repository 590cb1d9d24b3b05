// Any text as the answer to INFO: numbers that decide something are numbers, or the whole is refused.
#include "health/redis/info.hpp"
#include "tests/fuzz/input.hpp"

using namespace sengu;
using namespace sengu::health::redis;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  const auto info = parse_info(text);
  if (info) fuzz::must_hold({"a server that was read has a role"}, info->role != health::Role::unknown);
  (void)classify_error(text);
  (void)says_no_password_needed(text);
  return 0;
}
