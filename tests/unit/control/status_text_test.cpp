// The table of `sengu status`, as people see it.
#include "proxy/view/status_text.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "proxy/view/documents.hpp"
#include "tests/support/fake_operations.hpp"

using namespace sengu;
using namespace sengu::proxy;

TEST_CASE("status_text: golden") {
  test::FakeOperations operations;
  const auto document = groups_document(operations.snapshot(), health::GroupId{0});
  const auto master_ok = std::string(health::describe(health::Reason::master_ok));
  const auto node_down = std::string(health::describe(health::Reason::node_down));
  CHECK(status_text(document, Colour::off) ==
        "sessions  redis  epoch 7  route open for 5m12s  master redis01\n"
        "  clients at 172.16.0.10:6379, readers at 172.16.0.10:6380, 0 parked\n"
        "  NODE     ADDRESS         ROLE         HEALTH  LAG             SESSIONS  SINCE\n"
        "  redis01  10.0.0.11:6379  master       up      -               12        5m12s\n"
        "  redis02  10.0.0.12:6379  replica      up      2.0 KiB, 0.0s   4         5m12s\n"
        "  redis03  10.0.0.13:6379  was replica  down    4.0 KiB, 12.5s  0         5m12s\n"
        "  last reason: master_ok - " +
            master_ok +
            "; last switch 5m12s ago\n"
            "  if redis01 died now: redis02 would become master; not redis03 (node_down: " +
            node_down +
            ").\n"
            "  ! redis03: no persistence\n");
  CHECK(all_routed(document));
}

TEST_CASE("status_text: a closed group says why, and no node could follow") {
  test::FakeOperations operations;
  const auto document = groups_document(operations.snapshot(), health::GroupId{1});
  const auto text = status_text(document, Colour::off);
  CHECK(text.find("route closed") != std::string::npos);
  CHECK(text.find("(two_masters: ") != std::string::npos);
  CHECK(text.find("no node could become master") != std::string::npos);
  CHECK_FALSE(all_routed(document));
}

TEST_CASE("status_text: colour only where asked for; a strange document does no harm") {
  test::FakeOperations operations;
  const auto document = groups_document(operations.snapshot());
  CHECK(status_text(document, Colour::on).find("\x1b[32mopen\x1b[0m") != std::string::npos);
  CHECK(status_text(document, Colour::off).find('\x1b') == std::string::npos);
  const auto strange = boost::json::parse(R"({"groups":[{"name":1,"nodes":[7,null,{"sessions":"x"}],"route":[]}]})");
  CHECK(status_text(strange.as_object(), Colour::off).find("NODE") != std::string::npos);
  CHECK_FALSE(all_routed(strange.as_object()));
  CHECK(status_text({}, Colour::off) == "no groups\n");
}
