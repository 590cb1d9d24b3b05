// One client of the data plane before it has a server: connecting while the table changes, waiting, giving up.
#include "tests/support/loopback.hpp"

using namespace sengu;
using namespace sengu::test;
using health::Reason;
using proxy::SessionEnd;

TEST_CASE("session: who is still connecting when doubt about the master begins is parked, not let in later") {
  FullServer full("127.77.4.1");
  auto settings = one_group("127.77.4.1", {node(full.endpoint())});
  settings.groups[0].connect_timeout = 60s;
  Plane plane(std::move(settings));
  plane.publish(open_route(1, 0, 1));
  auto client = plane.client();
  REQUIRE(plane.until([&] { return plane.traffic().nodes[0].sessions == 1; }));
  plane.publish(held_route(1, 1, 1));
  CHECK(plane.traffic().nodes[0].sessions == 0);
  CHECK(plane.traffic().parked == 1);
}
