// The RESP codec: what is cut into replies, and what is refused.
#include <doctest/doctest.h>

#include "health/redis/resp.hpp"

namespace sengu::health::redis {
namespace {

TEST_CASE("redis resp: commands are arrays of bulk strings, binary safe") {
  std::string out;
  append_command(out, {"SET", std::string("a\0b", 3), ""});
  CHECK(out == std::string("*3\r\n$3\r\nSET\r\n$3\r\na\0b\r\n$0\r\n\r\n", 28));
}

TEST_CASE("redis resp: every type, byte by byte") {
  const std::string bytes = "+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\nb\r\n$-1\r\n*3\r\n:1\r\n*1\r\n+x\r\n*0\r\n*-1\r\n";
  ReplyReader reader;
  std::vector<Reply> replies;
  for (const char byte : bytes) {
    reader.feed({&byte, 1});
    while (auto reply = reader.next()) replies.push_back(*reply);
  }
  REQUIRE(replies.size() == 7);
  CHECK(replies[0].type == Reply::Type::status);
  CHECK(replies[1].is_error());
  CHECK(replies[1].text == "ERR no");
  CHECK(replies[2].integer == -7);
  CHECK(replies[3].text == "a\nb");
  CHECK(replies[4].type == Reply::Type::nil);
  REQUIRE(replies[5].elements.size() == 3);
  CHECK(replies[5].elements[1].elements.at(0).text == "x");
  CHECK(replies[5].elements[2].type == Reply::Type::array);
  CHECK(replies[6].type == Reply::Type::nil);
  CHECK_FALSE(reader.invalid());
  CHECK_FALSE(reader.has_leftover());
}

TEST_CASE("redis resp: several replies in one feed; leftovers are seen") {
  ReplyReader reader;
  reader.feed("+a\r\n+b\r\n+c");
  CHECK(reader.next()->text == "a");
  CHECK(reader.has_leftover());
  CHECK(reader.next()->text == "b");
  CHECK_FALSE(reader.next());
  CHECK(reader.has_leftover());
  reader.feed("\r\n");
  CHECK(reader.next()->text == "c");
  CHECK_FALSE(reader.has_leftover());
}

TEST_CASE("redis resp: what is not RESP stays invalid") {
  for (const auto* bytes : {"HTTP/1.1 200 OK\r\n", "%1\r\n+a\r\n+b\r\n", "\x15\x03\x01"}) {
    ReplyReader reader;
    reader.feed(bytes);
    CHECK_FALSE(reader.next());
    CHECK(reader.invalid());
    CHECK_FALSE(reader.error().empty());
    reader.feed("+OK\r\n");
    CHECK_FALSE(reader.next());
  }
}

TEST_CASE("redis resp: nested too deep") {
  ReplyReader reader;
  for (int i = 0; i < 20; ++i) reader.feed("*1\r\n");
  CHECK_FALSE(reader.next());
  CHECK(reader.invalid());
}

TEST_CASE("redis resp: a reply over 1 MiB is refused before it is whole") {
  ReplyReader reader;
  reader.feed("$99999999\r\n");
  const std::string chunk(64 * 1024, 'x');
  for (int i = 0; i < 20 && !reader.invalid(); ++i) {
    reader.feed(chunk);
    CHECK_FALSE(reader.next());
  }
  CHECK(reader.invalid());
}

TEST_CASE("redis resp: an announced million costs nothing, and too many values are refused") {
  ReplyReader reader;
  reader.feed("*1000000\r\n");
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.invalid());
  for (std::size_t i = 0; i < max_reply_values; ++i) reader.feed(":1\r\n");
  CHECK_FALSE(reader.next());
  CHECK(reader.invalid());
  CHECK(reader.error() == "reply with too many values");
}

TEST_CASE("redis resp: a thrown-away half reply leaks nothing (ASan)") {
  ReplyReader reader;
  reader.feed("*2\r\n*2\r\n$3\r\nabc\r\n");
  CHECK_FALSE(reader.next());
}

}  // namespace
}  // namespace sengu::health::redis
