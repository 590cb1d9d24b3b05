// What the replies to CONFIG GET say of a server; no server.
#include "health/redis/settings.hpp"

#include <doctest/doctest.h>

namespace sengu::health::redis {
namespace {

/// A server's replies, in the order of the questions, as bytes.
std::vector<Reply> replies(const std::string& bytes) {
  ReplyReader reader;
  reader.feed(bytes);
  std::vector<Reply> read;
  while (auto reply = reader.next()) read.push_back(std::move(*reply));
  return read;
}

std::string pair(const std::string& name, const std::string& value) {
  return "*2\r\n$" + std::to_string(name.size()) + "\r\n" + name + "\r\n$" + std::to_string(value.size()) + "\r\n" +
         value + "\r\n";
}

std::string told(const std::string& requirepass, const std::string& masterauth, const std::string& save,
                 const std::string& appendonly, const std::string& replicas, const std::string& stops = "yes") {
  return pair("requirepass", requirepass) + pair("masterauth", masterauth) + pair("save", save) +
         pair("appendonly", appendonly) + pair("min-replicas-to-write", replicas) +
         pair("stop-writes-on-bgsave-error", stops);
}

TEST_CASE("redis settings: one question for each, with one name") {
  for (const auto& question : settings_questions()) {
    CHECK(question.size() == 3);
    CHECK(question[0] + " " + question[1] == "CONFIG GET");
  }
}

TEST_CASE("redis settings: what the replies say") {
  const auto open = read_settings(replies(told("", "", "3600 1 300 100", "no", "0")));
  REQUIRE(open);
  CHECK_FALSE(open->requires_password);
  CHECK_FALSE(open->has_master_password);
  CHECK(open->persists);
  CHECK(open->min_replicas_to_write == 0);
  CHECK(open->save_points);
  CHECK(open->stop_writes_on_bgsave_error);
  const auto locked = read_settings(replies(told("one", "two", "", "no", "2")));
  REQUIRE(locked);
  CHECK(locked->requires_password);
  CHECK(locked->has_master_password);
  CHECK_FALSE(locked->persists);
  CHECK(locked->min_replicas_to_write == 2);
  const auto appending = read_settings(replies(told("", "", "", "yes", "0", "no")));
  REQUIRE(appending);
  CHECK(appending->persists);
  CHECK_FALSE(appending->save_points);
  CHECK_FALSE(appending->stop_writes_on_bgsave_error);
}

TEST_CASE("redis settings: refused, cut short or strange is unknown") {
  const auto whole = told("", "", "", "yes", "0");
  CHECK_FALSE(read_settings({}));
  CHECK_FALSE(read_settings(replies(whole.substr(0, whole.size() - 4))));
  CHECK_FALSE(read_settings(replies("-NOPERM this user has no permissions\r\n" + whole)));
  std::string denied;
  for (const auto& question : settings_questions()) denied += "-NOPERM " + question[2] + "\r\n";
  CHECK_FALSE(read_settings(replies(denied)));
  CHECK_FALSE(read_settings(replies(told("", "", "", "yes", "many"))));
  CHECK_FALSE(
      read_settings(replies("*0\r\n" + whole.substr(pair("requirepass", "").size()))));  // a name that it does not know
}

}  // namespace
}  // namespace sengu::health::redis
