// GTID sets of both flavours: what is read, what is refused, and the arithmetic that decides who is promoted.
#include <doctest/doctest.h>

#include "health/model/gtid_set.hpp"

namespace {

using sengu::health::GtidSet;

const std::string uuid_a = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const std::string uuid_b = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

GtidSet mysql(const std::string& text) {
  const auto set = GtidSet::parse_mysql(text);
  REQUIRE_MESSAGE(set, text);
  return *set;
}

GtidSet mariadb(const std::string& text) {
  const auto set = GtidSet::parse_mariadb(text);
  REQUIRE_MESSAGE(set, text);
  return *set;
}

}  // namespace

TEST_CASE("gtid set: MySQL's text is read and written") {
  CHECK(mysql("").empty());
  CHECK(mysql(uuid_a + ":1-5:7:9-10").text() == uuid_a + ":1-5:7:9-10");
  CHECK(mysql(uuid_a + ":1-5,\n" + uuid_b + ":1").text() == uuid_a + ":1-5," + uuid_b + ":1");
  CHECK(mysql("3E11FA47-71CA-11E1-9E33-C80AA9429562:1").text() == uuid_a + ":1");
  CHECK(mysql(uuid_a + ":6-8:1-5").text() == uuid_a + ":1-8");  // out of order, and touching
  CHECK(mysql(uuid_a + ":1-5:orders:1-3:9," + uuid_b + ":2").text() ==
        uuid_a + ":1-5," + uuid_a + ":orders:1-3:9," + uuid_b + ":2");
  for (const auto* bad : {"x", ":1", "3e11fa47", "3e11fa47-71ca-11e1-9e33-c80aa9429562",
                          "3e11fa47-71ca-11e1-9e33-c80aa9429562:", "3e11fa47-71ca-11e1-9e33-c80aa9429562:0",
                          "3e11fa47-71ca-11e1-9e33-c80aa9429562:5-2", "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-",
                          "3e11fa47-71ca-11e1-9e33-c80aa9429562:-1",
                          "3e11fa47-71ca-11e1-9e33-c80aa9429562:9223372036854775807", "0-1-5"}) {
    CAPTURE(bad);
    const auto set = GtidSet::parse_mysql(bad);
    CHECK_FALSE(set);
  }
}

TEST_CASE("gtid set: MariaDB's positions stand for all up to them") {
  CHECK(mariadb("").empty());
  CHECK(mariadb("0-101-17").text() == "0-101-1..17");
  CHECK(mariadb("0-101-17,0-102-30,1-101-2").count() == 49);
  CHECK(mariadb("0-101-17").contains(mariadb("0-101-9")));
  CHECK_FALSE(mariadb("0-101-17").contains(mariadb("0-102-9")));
  CHECK(mariadb("0-101-17").minus(mariadb("0-101-14")).text() == "0-101-15..17");
  CHECK(mariadb("0-101-17").minus(mariadb("0-101-16,0-102-30")).text() == "0-101-17");
  for (const auto* bad : {"x", "0-1", "0-1-", "-1-1", "0-1-1-1", "0-1-99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(GtidSet::parse_mariadb(bad));
  }
}

TEST_CASE("gtid set: contains, minus, common, union") {
  const auto set = mysql(uuid_a + ":1-10:20-30," + uuid_b + ":5");
  CHECK(set.count() == 22);
  CHECK(set.contains(mysql(uuid_a + ":2-9:25")));
  CHECK_FALSE(set.contains(mysql(uuid_a + ":10-11")));
  CHECK(set.minus(mysql(uuid_a + ":3-4:8:25-99")).text() == uuid_a + ":1-2:5-7:9-10:20-24," + uuid_b + ":5");
  CHECK(set.minus(set).empty());
  CHECK(set.meets(mysql(uuid_b + ":6")));
  CHECK_FALSE(set.meets(mysql("5e11fa47-71ca-11e1-9e33-c80aa9429562:5")));
  CHECK(set.position() == 22);
  auto whole = set;
  whole.add(mysql(uuid_a + ":11-19," + uuid_b + ":6"));
  CHECK(whole.text() == uuid_a + ":1-30," + uuid_b + ":5-6");
}

TEST_CASE("gtid set: MariaDB servers that took the same way differ only beyond it") {
  const auto old_master = mariadb("0-3-50,0-101-105");
  const auto new_master = mariadb("0-101-100,0-102-130");  // set up from a backup: it never saw server 3
  CHECK(old_master.minus(new_master).text() == "0-101-101..105");
  CHECK(new_master.minus(old_master).text() == "0-102-101..130");
  CHECK(mariadb("0-101-100").minus(old_master).empty());
  CHECK(new_master.contains(mariadb("0-3-50,0-101-100")));
  CHECK(new_master.position() == 130);
  CHECK(mariadb("0-101-100,5-101-7").position() == 107);
  CHECK_FALSE(mariadb("0-101-100").contains(mariadb("5-101-7")));
}

TEST_CASE("gtid set: by writer, tips, filled") {
  const auto set = mysql(uuid_a + ":1-3:8," + uuid_a + ":orders:4," + uuid_b + ":5-6");
  CHECK(set.written_by(uuid_a).text() == uuid_a + ":1-3:8," + uuid_a + ":orders:4");
  CHECK(set.written_by("101").empty());
  CHECK(set.tips().text() == uuid_a + ":8," + uuid_a + ":orders:4," + uuid_b + ":6");
  CHECK(set.tips().filled().text() == uuid_a + ":1-8," + uuid_a + ":orders:1-4," + uuid_b + ":1-6");
  CHECK(mariadb("0-101-4,7-101-2,0-102-9").written_by("101").text() == "0-101-1..4,7-101-1..2");
}
