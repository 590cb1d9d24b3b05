// Error numbers and greetings, sorted.
#include <doctest/doctest.h>

#include <cerrno>

#include "health/mysql/errors.hpp"
#include "health/mysql/greeting.hpp"

namespace sengu::health::mysql {
namespace {

TEST_CASE("mysql errors: what a failure says of the server") {
  struct Row {
    unsigned number;
    Progress at;
    int connect_error;
    Outcome outcome;
  };
  using enum Progress;
  const Row rows[] = {
      {2002, connecting, ECONNREFUSED, Outcome::l4_refused},
      {2003, connecting, ECONNREFUSED, Outcome::l4_refused},
      {2002, connecting, ETIMEDOUT, Outcome::l4_timeout},
      {2002, connecting, EHOSTUNREACH, Outcome::l4_error},
      {2002, connecting, ECONNRESET, Outcome::l7_closed},  // accepted by a process that dies
      {2002, connected, ETIMEDOUT, Outcome::l7_timeout},   // frozen: no greeting
      {2013, connected, 0, Outcome::l7_closed},
      {2006, connected, ECONNRESET, Outcome::l7_closed},
      {2013, greeted, 0, Outcome::error},  // it greeted: life
      {2013, greeted, ETIMEDOUT, Outcome::error},
      {2013, ready, 0, Outcome::l7_closed},
      {2006, ready, 0, Outcome::l7_closed},
      {2007, greeted, 0, Outcome::invalid},
      {2027, greeted, 0, Outcome::invalid},
      {2012, greeted, 0, Outcome::invalid},
      {2026, greeted, 0, Outcome::error},  // a certificate that does not fit
      {2059, greeted, 0, Outcome::noauth},
      {2061, greeted, 0, Outcome::noauth},
      {5010, greeted, 0, Outcome::noauth},  // it wants the password in clear text
      {1040, greeted, 0, Outcome::error},
      {1129, greeted, 0, Outcome::error},
      {1130, greeted, 0, Outcome::error},
      {1203, greeted, 0, Outcome::error},
      {1226, greeted, 0, Outcome::error},
      {1045, greeted, 0, Outcome::noauth},
      {1044, greeted, 0, Outcome::noauth},
      {1698, greeted, 0, Outcome::noauth},
      {1862, ready, 0, Outcome::noauth},
      {1820, ready, 0, Outcome::noauth},
      {3118, greeted, 0, Outcome::noauth},
      {4151, greeted, 0, Outcome::noauth},
      {1227, ready, 0, Outcome::noperm},
      {1142, ready, 0, Outcome::noperm},
      {1053, ready, 0, Outcome::error},
      {1290, ready, 0, Outcome::error},
      {3032, ready, 0, Outcome::error},
      {1205, ready, 0, Outcome::error},
      {0, greeted, EPROTONOSUPPORT, Outcome::error},  // sengu's own: the server does not speak TLS
  };
  for (const Row& row : rows) {
    CAPTURE(row.number);
    CAPTURE(row.connect_error);
    const Failure failure{row.number, "text", row.at, row.connect_error};
    CHECK(to_string(classify(failure)) == to_string(row.outcome));
    if (is_from_server(failure)) CHECK(is_life(classify(failure)));
  }
  CHECK(describe({1045, "Access denied", greeted, 0}) == "1045 Access denied");
  CHECK(describe({5010, "\x01\x02", greeted, 0}) ==
        "5010 the server wants the password in a way that sengu does not allow");
  CHECK(describe({0, "interrupted", ready, 0}) == "interrupted");
}

std::string greeting(const std::string& version, unsigned capabilities) {
  using namespace std::string_literals;
  auto packet = "\x0a"s + version + '\0' + "\1\0\0\0"s + "saltsalt" + '\0' + static_cast<char>(capabilities & 0xff) +
                static_cast<char>(capabilities >> 8) + "\x21\2\0\xff\xc1\x15"s + std::string(10, '\0') +
                "morepepper12" + '\0';
  return std::string{static_cast<char>(packet.size()), '\0', '\0', '\0'} + packet;
}

TEST_CASE("mysql greeting: whether TLS is offered, from any beginning of it") {
  using namespace std::string_literals;
  const auto with = greeting("9.7.4-2", 0xffff), without = greeting("5.5.5-10.11.19-MariaDB", 0xf7fe);
  CHECK(read_greeting(with) == TlsOffer::offered);
  CHECK(read_greeting(without) == TlsOffer::absent);
  for (std::size_t size = 0; size < with.size(); ++size) {
    const auto offer = read_greeting(with.substr(0, size));
    CHECK((offer == TlsOffer::unknown || offer == TlsOffer::offered));
  }
  for (std::size_t size = 0; size < without.size(); ++size) {
    const auto offer = read_greeting(without.substr(0, size));
    CHECK((offer == TlsOffer::unknown || offer == TlsOffer::absent));
  }
  CHECK(read_greeting("\x10\0\0\0\xff\x10\x04Too many connections"s) == TlsOffer::not_a_greeting);
  CHECK(read_greeting("-ERR unknown command\r\n") == TlsOffer::not_a_greeting);
  CHECK(read_greeting("\x05\0\0\0\x0a"
                      "9.7.4"s) == TlsOffer::not_a_greeting);  // ends before its version does
  CHECK(read_greeting("\x06\0\0\0\x0a"
                      "9.7\0\1\2\3\4\5\6\7"s) == TlsOffer::not_a_greeting);
  CHECK(read_greeting("\xff\xff\0\0\x0a"s + std::string(300, 'x')) == TlsOffer::not_a_greeting);
}

}  // namespace
}  // namespace sengu::health::mysql
