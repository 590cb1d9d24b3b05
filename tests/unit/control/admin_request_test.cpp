// What the admin port reads: whole, in pieces, and wrong.
#include "proxy/admin/request.hpp"

#include <doctest/doctest.h>

using namespace sengu::proxy;
using Reader = AdminRequestReader;

namespace {

Reader::Result read(std::string_view bytes, const AdminLimits& limits = trusted_limits) {
  Reader reader;
  reader.append(bytes);
  return reader.next(limits);
}
Arguments words(const Reader::Result& result) {
  REQUIRE(std::holds_alternative<Arguments>(result));
  return std::get<Arguments>(result);
}
std::string error(const Reader::Result& result) {
  REQUIRE(std::holds_alternative<Reader::ProtocolError>(result));
  return std::get<Reader::ProtocolError>(result).text;
}

}  // namespace

TEST_CASE("admin_request: arrays and inline lines, pipelined") {
  Reader reader;
  reader.append(
      "*2\r\n$4\r\nAUTH\r\n$3\r\na\r\n\r\n\r\nPING\r\n  status \"a b\" 'c\\'d' \"\\x41\\n\"\n*1\r\n$4\r\nQUIT\r\n");
  CHECK(words(reader.next(trusted_limits)) == Arguments{"AUTH", "a\r\n"});
  CHECK(words(reader.next(trusted_limits)) == Arguments{"PING"});
  CHECK(words(reader.next(trusted_limits)) == Arguments{"status", "a b", "c'd", "A\n"});
  CHECK(words(reader.next(trusted_limits)) == Arguments{"QUIT"});
  CHECK(std::holds_alternative<Reader::NeedMore>(reader.next(trusted_limits)));
}

TEST_CASE("admin_request: a length of too many digits is refused, whole or not") {
  const std::string zeros(40, '0');
  CHECK(error(read("*" + zeros)) == "Protocol error: too big mbulk count string");
  CHECK(error(read("*" + zeros + "1\r\n")) == "Protocol error: too big mbulk count string");
  CHECK(error(read("*1\r\n$" + zeros)) == "Protocol error: too big bulk count string");
  CHECK(error(read("*1\r\n$" + zeros + "\r\n\r\n")) == "Protocol error: too big bulk count string");
}

TEST_CASE("admin_request: byte by byte is the same as at once") {
  const std::string_view bytes = "*3\r\n$6\r\nSTATUS\r\n$0\r\n\r\n$4\r\nJSON\r\n";
  Reader reader;
  for (std::size_t at = 0; at + 1 < bytes.size(); ++at) {
    reader.append(bytes.substr(at, 1));
    REQUIRE(std::holds_alternative<Reader::NeedMore>(reader.next(trusted_limits)));
  }
  reader.append(bytes.substr(bytes.size() - 1));
  CHECK(words(reader.next(trusted_limits)) == Arguments{"STATUS", "", "JSON"});
}

TEST_CASE("admin_request: protocol errors") {
  CHECK(error(read("*x\r\n")) == "Protocol error: invalid multibulk length");
  CHECK(error(read("*33\r\n")) == "Protocol error: invalid multibulk length");
  CHECK(error(read("*99999999999999999999\r\n")) == "Protocol error: invalid multibulk length");
  CHECK(error(read("*1\r\n:1\r\n")) == "Protocol error: expected '$', got ':'");
  CHECK(error(read("*1\r\n$-1\r\n")) == "Protocol error: invalid bulk length");
  CHECK(error(read("*1\r\n$65537\r\n")) == "Protocol error: invalid bulk length");
  CHECK(error(read("*1\r\n$1\r\nabc")) == "Protocol error: expected CRLF after a bulk string");
  CHECK(error(read("ping \"open\r\n")) == "Protocol error: unbalanced quotes in request");
  CHECK(error(read("ping \"a\"b\r\n")) == "Protocol error: unbalanced quotes in request");
  CHECK(error(read("*" + std::string(64, '1'))) == "Protocol error: too big mbulk count string");
  CHECK(error(read(std::string(65 * 1024, 'x'))) == "Protocol error: too big inline request");
}

TEST_CASE("admin_request: a stranger gets 1 KiB") {
  CHECK(error(read("*1\r\n$2000\r\n", before_auth_limits)) == "Protocol error: invalid bulk length");
  CHECK(error(read(std::string(1100, 'x'), before_auth_limits)) == "Protocol error: too big inline request");
  // Many small arguments sum up to more than the limit.
  std::string many = "*20\r\n";
  for (int i = 0; i < 20; ++i) many += "$100\r\n" + std::string(100, 'a') + "\r\n";
  CHECK(error(read(many, before_auth_limits)) == "Protocol error: too big request");
  std::string line;
  for (int i = 0; i < 40; ++i) line += "a ";
  CHECK(error(read(line + "\r\n")) == "Protocol error: too many arguments");
}

TEST_CASE("admin_request: empty arrays and lines are skipped") {
  CHECK(words(read("*0\r\n*-1\r\n\r\nPING\r\n")) == Arguments{"PING"});
}
