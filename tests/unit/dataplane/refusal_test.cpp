// What a refused client reads. That the real clients print it is tests/e2e/test_mysql_clients.py.
#include <doctest/doctest.h>

#include "proxy/dataplane/refusal.hpp"

using namespace sengu;
using health::Reason;
using proxy::refusal;

namespace {

config::GroupSettings group_of_kind(config::Kind kind) {
  config::GroupSettings settings;
  settings.name = "orders";
  settings.kind = kind;
  return settings;
}

/// The text of an ERR packet whose frame and number are right.
std::string err(const std::string& packet, unsigned number) {
  REQUIRE(packet.size() > 7);
  CHECK(static_cast<unsigned char>(packet[0]) == packet.size() - 4);
  CHECK(packet.substr(1, 4) == std::string("\0\0\0\xff", 4));
  CHECK(static_cast<unsigned char>(packet[5]) + 256u * static_cast<unsigned char>(packet[6]) == number);
  return packet.substr(7);
}

}  // namespace

TEST_CASE("refusal: an error line for Redis, nothing for tcp") {
  CHECK(refusal(group_of_kind(config::Kind::redis), Reason::hold_timeout, Reason::no_good_replica) ==
        "-ERR sengu: no master within hold_timeout\r\n");
  CHECK(refusal(group_of_kind(config::Kind::tcp), Reason::hold_timeout, Reason::none).empty());
}

TEST_CASE("refusal: an ERR packet in place of MySQL's greeting") {
  const auto orders = group_of_kind(config::Kind::mysql);
  CHECK(err(refusal(orders, Reason::no_master, Reason::no_master), 1053) ==
        "sengu: group \"orders\" has no master: no node says master");
  CHECK(err(refusal(orders, Reason::hold_timeout, Reason::no_good_replica), 1053) ==
        "sengu: group \"orders\" has no master: no replica may be promoted; waited for hold_timeout");
  CHECK(err(refusal(orders, Reason::hold_full, Reason::silence), 1040) ==
        "sengu: group \"orders\" has no master: too many clients are waiting");
  CHECK(err(refusal(orders, Reason::too_many_connections, Reason::none), 1040) == "sengu: too many connections");
  CHECK(err(refusal(orders, Reason::not_allowed, Reason::none), 1130) == "sengu: this address is not allowed");
}
