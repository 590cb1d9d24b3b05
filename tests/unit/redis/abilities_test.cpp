// What the replies to questions that nothing can come of say of a server; no server.
#include "health/redis/abilities.hpp"

#include <doctest/doctest.h>

namespace sengu::health::redis {
namespace {

const std::string allowed = "-ERR Invalid master port\r\n-ERR Unknown client type 'sengu-asks'\r\n";

RedisAbilities abilities(const std::string& bytes) {
  ReplyReader reader;
  reader.feed(bytes);
  std::vector<Reply> read;
  while (auto reply = reader.next()) read.push_back(std::move(*reply));
  return read_abilities(read);
}

std::string text(const std::string& lines) { return "$" + std::to_string(lines.size()) + "\r\n" + lines + "\r\n"; }

TEST_CASE("redis abilities: nothing can come of the questions") {
  const auto questions = abilities_questions();
  REQUIRE(questions.size() == 3);
  CHECK(questions[0] == CommandLine{"REPLICAOF", "sengu-asks", "not-a-port"});
  CHECK(questions[1] == CommandLine{"CLIENT", "KILL", "TYPE", "sengu-asks"});
  CHECK(questions[2] == CommandLine{"INFO", "memory"});
}

TEST_CASE("redis abilities: an error about the words says that the command may be used") {
  for (const std::string port : {"-ERR Invalid master port\r\n", "-ERR value is not an integer or out of range\r\n",
                                 "-ERR REPLICAOF not allowed in cluster mode.\r\n", "-LOADING Redis is loading\r\n",
                                 "-BUSY Redis is busy\r\n", "-NOAUTH Authentication required.\r\n"}) {
    CAPTURE(port);
    CHECK(abilities(port).replicaof_refused.empty());
  }
  CHECK(abilities(allowed).kill_refused.empty());
}

TEST_CASE("redis abilities: renamed and forbidden") {
  const auto renamed = abilities(
      "-ERR unknown command 'REPLICAOF', with args beginning with: 'sengu-asks' 'not-a-port' \r\n"
      "-ERR unknown command `CLIENT`, with args beginning with: `KILL`, \r\n");
  CHECK(renamed.replicaof_refused == "ERR unknown command 'REPLICAOF'");
  CHECK(renamed.kill_refused == "ERR unknown command `CLIENT`");
  const auto forbidden = abilities(
      "-NOPERM this user has no permissions to run the 'replicaof' command\r\n"
      "-NOPERM User u has no permissions to run the 'client|kill' command\r\n");
  CHECK(forbidden.replicaof_refused == "NOPERM this user has no permissions to run the 'replicaof' command");
  CHECK(forbidden.kill_refused == "NOPERM User u has no permissions to run the 'client|kill' command");
  CHECK_FALSE(forbidden.memory);
}

TEST_CASE("redis abilities: memory") {
  const auto cache =
      abilities(allowed + text("# Memory\r\nused_memory:1066024\r\nused_memory_human:1.02M\r\nmaxmemory:2097152\r\n"
                               "maxmemory_human:2.00M\r\nmaxmemory_policy:allkeys-lru\r\n"));
  REQUIRE(cache.memory);
  CHECK(cache.memory->used == 1066024);
  CHECK(cache.memory->max == 2097152);
  CHECK(cache.memory->evicts);
  const auto store = abilities(allowed + text("used_memory:5\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n"));
  REQUIRE(store.memory);
  CHECK(store.memory->max == 0);
  CHECK_FALSE(store.memory->evicts);
  CHECK_FALSE(abilities(allowed + text("used_memory:many\r\n")).memory);
  CHECK_FALSE(abilities(allowed + text("# Memory\r\n")).memory);
  CHECK_FALSE(abilities(allowed + "-NOPERM no\r\n").memory);
  CHECK_FALSE(abilities("").memory);
}

}  // namespace
}  // namespace sengu::health::redis
