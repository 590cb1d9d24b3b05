// Any text as two sets of transactions, with | between, in either flavour's words: what is parsed is compared without
// surprise.
#include "health/model/gtid_set.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace sengu;
using health::GtidSet;

void compare(const GtidSet& a, const GtidSet& b) {
  GtidSet both = a;
  both.add(b);
  fuzz::must_hold({"a set contains itself"}, a.contains(a));
  fuzz::must_hold({"nothing is left of a set without itself"}, a.minus(a).empty() && a.without(a).empty());
  fuzz::must_hold({"a union contains its parts"}, both.contains(a) && both.contains(b));
  fuzz::must_hold({"what one has more and the other make the union"}, [&] {
    GtidSet sum = a.without(b);
    sum.add(b);
    return sum == both;
  }());
  fuzz::must_hold({"a union is as far as its parts"},
                  both.position() >= a.position() && both.position() >= b.position());
  fuzz::must_hold({"filled() fills"}, a.filled().contains(a));
  (void)a.meets(b);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  const auto end = std::min(text.find('|'), text.size());
  const auto first = text.substr(0, end);
  const auto second = text.substr(std::min(end + 1, text.size()));
  if (const auto a = GtidSet::parse_mysql(first)) {
    fuzz::must_hold({"a set is read as it is written"}, GtidSet::parse_mysql(a->text()) == *a);
    if (const auto b = GtidSet::parse_mysql(second)) compare(*a, *b);
  }
  const auto a = GtidSet::parse_mariadb(first);
  const auto b = GtidSet::parse_mariadb(second);
  if (a && b) compare(*a, *b);
  return 0;
}
