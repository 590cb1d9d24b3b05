// Addresses, blocks, durations and nearest words as text.
#include <doctest/doctest.h>

#include "config/base/durations.hpp"
#include "config/base/nearest.hpp"
#include "config/base/printable.hpp"
#include "config/base/types.hpp"

using namespace sengu;
using namespace sengu::config;
using namespace std::chrono_literals;

TEST_CASE("config types: an endpoint is read and written back") {
  for (const char* text : {"10.0.0.1:6379", "127.0.0.1:0", "[::1]:65535", "[fd00::1:2]:1"})
    CHECK(to_string(parse_endpoint(text).value()) == text);
  CHECK(parse_endpoint("[0:0:0::1]:6379").value() == Endpoint{"::1", 6379});
}

TEST_CASE("config types: a malformed endpoint is refused") {
  for (const char* text : {"",
                           ":",
                           "10.0.0.1",
                           "10.0.0.1:",
                           ":6379",
                           "10.0.0.1:65536",
                           "10.0.0.1:-1",
                           "10.0.0.1:+1",
                           "10.0.0.1:06379",
                           "10.0.0.1:63 79",
                           " 10.0.0.1:6379",
                           "10.0.0.1:6379 ",
                           "10.0.0:6379",
                           "10.0.0.256:6379",
                           "::1:6379",
                           "[::1]",
                           "[::1]6379",
                           "[]:6379",
                           "[10.0.0.1]:6379",
                           "[::1%lo]:6379",
                           "localhost:6379",
                           "1:2:3",
                           "010.0.0.1:1"})
    CHECK_MESSAGE(!parse_endpoint(text).has_value(), text);
  CHECK(!parse_endpoint(std::string_view("10.0.0.1\0:1", 11)).has_value());
}

TEST_CASE("config types: a network block holds the mapped form") {
  const auto v4 = parse_network("10.0.0.0/8").value();
  CHECK(v4.prefix == 104);
  CHECK(v4.address[10] == 0xff);
  CHECK(v4.address[12] == 10);
  CHECK(v4.text == "10.0.0.0/8");
  CHECK(parse_network("10.0.0.1").value().prefix == 128);
  CHECK(parse_network("0.0.0.0/0").value().prefix == 96);
  CHECK(parse_network("fd00::/8").value().prefix == 8);
  CHECK(parse_network("::/0").value().prefix == 0);
}

TEST_CASE("config types: a malformed network block is refused") {
  for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.1/8",
                           "fd00::/129", "fd00::1/64", "[::1]", "10.0.0.0/8/8", "lan", "10.0.0.0 /8"})
    CHECK_MESSAGE(!parse_network(text).has_value(), text);
}

TEST_CASE("config durations: one whole number and one unit") {
  CHECK(parse_duration("500ms").value() == 500ms);
  CHECK(parse_duration("3s").value() == 3s);
  CHECK(parse_duration("2m").value() == 2min);
  CHECK(parse_duration("1h").value() == 1h);
  CHECK(parse_duration("0us").value() == 0us);
  for (const char* text : {"", "5", "s", "1.5s", "-1s", "+1s", " 1s", "1 s", "1s ", "1m30s", "1S", "1d", "0x1s",
                           "99999999999999999999s", "2562047788016h"})
    CHECK_MESSAGE(!parse_duration(text).has_value(), text);
}

TEST_CASE("config durations: the text reads back as the same value") {
  for (const char* text : {"0s", "1us", "1500ms", "90s", "2m", "36h"})
    CHECK(duration_text(parse_duration(text).value()) == text);
  CHECK(duration_text(1000ms) == "1s");
}

TEST_CASE("config nearest: the fewest edits win, the first of equals") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(nearest("lisen", {"name", "listen", "read_listen"}) == "listen");
  CHECK(nearest("STAUTS", {"status", "events"}) == "status");
  CHECK(nearest("x", {}).empty());
}

TEST_CASE("config nearest: no word is named for what is none of them") {
  CHECK(nearest("zzz", {"status", "events"}).empty());
  CHECK(nearest("zzzzzzqqqq", {"zone", "workers"}).empty());
  CHECK(nearest(std::string(1000, 'x'), {"status"}).empty());
  CHECK(did_you_mean("zzz", {"status"}).empty());
  CHECK(did_you_mean("statsu", {"status"}) == "; did you mean 'status'?");
}

TEST_CASE("config printable: control characters and broken UTF-8 become question marks") {
  CHECK(printable("a\x1b[31mb\xc3\xa9\xed\xa0\x80\xf5") == "a?[31mb\xc3\xa9????");
  CHECK(printable("a\xc2\x9b"
                  "2J\xc2\xa0") == "a?2J\xc2\xa0");  // U+009B is ESC [ to some terminals
  CHECK(printable_line("ERR a\x1b[31mb\r") == "ERR a?[31mb?");
  CHECK(printable_line("a\nb\x01\x7f\xff ~") == "a?b??? ~");
  CHECK(printable_line(std::string(1000, 'a')).size() == 200);
  CHECK(printable_line(std::string(199, 'a') + "\xc3\xa9").ends_with("a?"));  // cut within a letter
}
