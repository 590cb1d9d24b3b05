// A server's words in a log line.
#include <doctest/doctest.h>

#include "health/core/printable.hpp"

namespace sengu::health {
namespace {

TEST_CASE("health text: what a server said is made printable and short") {
  CHECK(printable("ERR a\x1b[31mb\r") == "ERR a?[31mb?");
  CHECK(printable("a\nb\x01\x7f\xff ~") == "a?b??? ~");
  CHECK(printable(std::string(1000, 'a')).size() == 200);
}

}  // namespace
}  // namespace sengu::health
