// What sengu makes of Redis 5.0 and 6.0, which the e2e tests do not run: INFO, probe and steps against their recorded
// replies (tests/unit/data).
#include <doctest/doctest.h>

#include <type_traits>

#include "health/redis/clients.hpp"
#include "health/redis/info.hpp"
#include "health/redis/node.hpp"
#include "health/redis/steps.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/recorded_replies.hpp"

namespace sengu::health::redis {
namespace {

using namespace std::chrono_literals;
using test::FakeServer;
using test::RecordedReplies;
using test::run_until;

const Endpoint one{"127.98.0.11", 6379};  // first the master
const Endpoint two{"127.98.0.12", 6379};
constexpr auto auth = "AUTH secret";
constexpr auto setname = "CLIENT SETNAME sengu-a-b";
const Credentials credentials{"", {"secret"}, "sengu-a-b"};

struct Redis50 {
  static constexpr auto version = "5.0.10";
};
struct Redis60 {
  static constexpr auto version = "6.0.16";
};

std::string answer_of(const RecordedReplies& recorded, const std::string& scene) {
  return recorded.replies(scene, {"INFO server", "INFO replication", "INFO persistence", "INFO keyspace"});
}

ServerInfo info_of(const RecordedReplies& recorded, const std::string& scene) {
  ReplyReader reader;
  reader.feed(answer_of(recorded, scene));
  std::string text;
  while (const auto reply = reader.next()) text += reply->text + "\n";
  REQUIRE_FALSE(reader.invalid());
  REQUIRE_FALSE(reader.has_leftover());
  auto info = parse_info(text);
  REQUIRE(info.has_value());
  return *info;
}

struct RecordedBench {
  boost::asio::io_context io;
  FakeServer server{io};

  /// Waits for the text on the first connection, forgets what came, and answers.
  void answer(const std::string& awaited, const std::string& bytes) {
    const bool came = run_until(
        io, [&] { return !server.peers.empty() && server.peers[0]->received.find(awaited) != std::string::npos; });
    REQUIRE(came);
    server.peers[0]->received.clear();
    server.peers[0]->send(bytes);
  }

  Observation probe(const Credentials& with, const std::string& bytes) {
    std::vector<Observation> seen;
    RedisNode node(io, {server.endpoint(), with, 1s}, {[&](const Observation& o) { seen.push_back(o); }, [] {}});
    node.probe(ProbeVia::kept_connection);
    answer("keyspace", bytes);
    REQUIRE(run_until(io, [&] { return !seen.empty(); }));
    return seen.front();
  }

  void start(Step step, const Endpoint& master = {}) {
    run_step(io, server.endpoint(), {}, {NodeId{0}, step, master, 2s, 500ms}, [this](StepResult r, std::string t) {
      outcome = {r, std::move(t)};
    });
  }
  std::pair<StepResult, std::string> ended() {
    REQUIRE(run_until(io, [&] { return outcome.has_value(); }));
    return *outcome;
  }
  std::optional<std::pair<StepResult, std::string>> outcome;
};

const std::pair<StepResult, std::string> done{StepResult::done, ""};

TEST_CASE_TEMPLATE("redis recorded: INFO of a master and its replica", Server, Redis50, Redis60) {
  const RecordedReplies recorded(Server::version);
  const auto master = info_of(recorded, "master");
  CHECK(master.version == Server::version);
  CHECK(master.role == Role::master);
  CHECK(master.run_id.size() == 40);
  CHECK(master.replid.size() == 40);
  CHECK(master.replid2.empty());
  CHECK(master.offset == 219);
  CHECK(master.keys == 1003);  // in db0 and db7
  CHECK(master.master == Endpoint{});
  CHECK_FALSE(master.loading);

  const auto replica = info_of(recorded, "replica");
  CHECK(replica.role == Role::replica);
  CHECK(replica.run_id != master.run_id);
  CHECK(replica.master == one);
  CHECK(replica.link_up);
  CHECK(replica.replid == master.replid);
  CHECK(replica.offset == master.offset);
  CHECK(replica.keys == master.keys);
  CHECK(replica.read_only);
  CHECK(replica.priority == 100);
  CHECK_FALSE(replica.sync_in_progress);
  CHECK_FALSE(replica.link_down_for);
}

TEST_CASE_TEMPLATE(
    "redis recorded: INFO of a replica without its master, promoted, and of the old master that returned", Server,
    Redis50, Redis60) {
  const RecordedReplies recorded(Server::version);
  const auto master = info_of(recorded, "master");
  const auto replica = info_of(recorded, "replica");
  const auto orphan = info_of(recorded, "orphan");
  CHECK(orphan.role == Role::replica);
  CHECK(orphan.run_id == replica.run_id);
  CHECK_FALSE(orphan.link_up);
  CHECK(orphan.link_down_for);
  CHECK(orphan.replid == master.replid);
  CHECK(orphan.offset == replica.offset);

  const auto promoted = info_of(recorded, "promoted");
  CHECK(promoted.role == Role::master);
  CHECK(promoted.run_id == replica.run_id);
  CHECK(promoted.replid != master.replid);
  CHECK(promoted.replid2 == master.replid);
  CHECK(promoted.second_offset == orphan.offset + 1);
  CHECK(promoted.offset == orphan.offset);
  CHECK(promoted.keys == orphan.keys);

  const auto demoted = info_of(recorded, "demoted");
  CHECK(demoted.role == Role::replica);
  CHECK(demoted.run_id != master.run_id);
  CHECK(demoted.master == two);
  CHECK(demoted.replid == promoted.replid);
}

TEST_CASE_TEMPLATE("redis recorded: a probe that is answered, with a password that is not needed", Server, Redis50,
                   Redis60) {
  const RecordedReplies recorded(Server::version);
  RecordedBench b;
  const auto seen = b.probe(credentials, recorded.replies("master", {auth, setname}) + answer_of(recorded, "master"));
  CHECK(seen.outcome == Outcome::ok);
  REQUIRE(seen.info);
  CHECK(seen.info->offset == 219);
}

TEST_CASE_TEMPLATE("redis recorded: a server that loads, or is busy, or full, is alive and of no use", Server, Redis50,
                   Redis60) {
  const RecordedReplies recorded(Server::version);
  RecordedBench b;
  const auto greeting = [&](const char* scene) { return recorded.replies(scene, {auth, setname}); };
  SUBCASE("loading") {
    const auto seen = b.probe(credentials, greeting("loading") + answer_of(recorded, "loading"));
    CHECK(seen.outcome == Outcome::loading);
    REQUIRE(seen.info);
    CHECK(seen.info->role == Role::master);
  }
  SUBCASE("busy") {
    const auto seen = b.probe(credentials, greeting("busy") + answer_of(recorded, "busy"));
    CHECK(seen.outcome == Outcome::busy);
    CHECK_FALSE(seen.info);
  }
  SUBCASE("full") {
    boost::asio::io_context& io = b.io;
    std::vector<Observation> seen;
    RedisNode node(io, {b.server.endpoint(), credentials, 1s},
                   {[&](const Observation& o) { seen.push_back(o); }, [] {}});
    node.probe(ProbeVia::kept_connection);
    b.answer("keyspace", recorded.reply("full", "(before any command)"));
    b.server.peers[0]->close();
    REQUIRE(run_until(io, [&] { return !seen.empty(); }));
    CHECK(seen[0].outcome == Outcome::error);
    CHECK(seen[0].text == "ERR max number of clients reached");
  }
}

TEST_CASE_TEMPLATE("redis recorded: passwords", Server, Redis50, Redis60) {
  const RecordedReplies recorded(Server::version);
  const auto refused = recorded.reply("password", setname) + answer_of(recorded, "password");
  RecordedBench b;
  SUBCASE("none given") { CHECK(b.probe({}, answer_of(recorded, "password")).outcome == Outcome::noauth); }
  SUBCASE("wrong") {
    CHECK(b.probe(credentials, recorded.reply("password", "AUTH wrong") + refused).outcome == Outcome::noauth);
  }
  SUBCASE("of a user: Redis 5 has none") {
    const auto seen =
        b.probe({"sengu", {"wrong"}, "sengu-a-b"}, recorded.reply("password", "AUTH sengu wrong") + refused);
    if constexpr (std::is_same_v<Server, Redis50>) {
      CHECK(seen.outcome == Outcome::error);
      CHECK(seen.text == "ERR wrong number of arguments for 'auth' command");
    } else {
      CHECK(seen.outcome == Outcome::noauth);
      CHECK(seen.text == "WRONGPASS invalid username-password pair");
    }
  }
  SUBCASE("right") {
    const auto accepted = recorded.replies("password given", {auth, setname});
    CHECK(b.probe(credentials, accepted + answer_of(recorded, "password given")).outcome == Outcome::ok);
  }
}

TEST_CASE_TEMPLATE("redis recorded: there is no fence before 6.2, and the refusal says so", Server, Redis50, Redis60) {
  const RecordedReplies recorded(Server::version);
  RecordedBench b;
  SUBCASE("fence") {
    b.start(Step::fence);
    b.answer("WRITE", recorded.reply("master", "CLIENT PAUSE 500 WRITE"));
    CHECK(b.ended() ==
          std::pair(StepResult::failed, std::string("CLIENT PAUSE 500 WRITE: ERR Unknown subcommand or wrong number "
                                                    "of arguments for 'PAUSE'. Try CLIENT HELP")));
  }
  SUBCASE("unfence") {
    b.start(Step::unfence);
    b.answer("UNPAUSE", recorded.reply("master", "CLIENT UNPAUSE"));
    CHECK(b.ended().first == StepResult::failed);
  }
}

TEST_CASE_TEMPLATE("redis recorded: promote, repoint, rehandshake", Server, Redis50, Redis60) {
  const RecordedReplies recorded(Server::version);
  RecordedBench b;
  SUBCASE("promote") {
    b.start(Step::promote);
    b.answer("ONE", recorded.reply("orphan", "REPLICAOF NO ONE"));
    b.answer("REWRITE", recorded.reply("orphan", "CONFIG REWRITE"));
    CHECK(b.ended() == done);
  }
  SUBCASE("promote, without a configuration file") {
    b.start(Step::promote);
    b.answer("ONE", recorded.reply("orphan", "REPLICAOF NO ONE"));
    b.answer("REWRITE", recorded.reply("no file", "CONFIG REWRITE"));
    CHECK(b.ended() ==
          std::pair(StepResult::done, std::string("CONFIG REWRITE: ERR The server is running without a config file")));
  }
  SUBCASE("promote while it loads or is busy") {
    std::string scene;
    SUBCASE("loading") { scene = "loading"; }
    SUBCASE("busy") { scene = "busy"; }
    b.start(Step::promote);
    b.answer("ONE", recorded.reply(scene, "REPLICAOF NO ONE"));
    CHECK(b.ended().first == StepResult::failed);
  }
  SUBCASE("repoint to where it is already") {
    b.start(Step::repoint, one);
    b.answer(one.host, recorded.reply("replica", "REPLICAOF 127.98.0.11 6379"));
    b.answer("REWRITE", recorded.reply("replica", "CONFIG REWRITE"));
    CHECK(b.ended() == done);
  }
  SUBCASE("rehandshake") {
    std::string scene;
    SUBCASE("linked") { scene = "replica"; }
    SUBCASE("no link to end") { scene = "orphan"; }
    b.start(Step::rehandshake);
    b.answer("master", recorded.reply(scene, "CLIENT KILL TYPE master"));
    CHECK(b.ended() == done);
  }
}

TEST_CASE_TEMPLATE("redis recorded: demote is done, only CLIENT UNPAUSE fails in EXEC", Server, Redis50, Redis60) {
  const RecordedReplies recorded(Server::version);
  const auto* unpause =
      "CLIENT UNPAUSE: ERR Unknown subcommand or wrong number of arguments for 'UNPAUSE'. Try CLIENT HELP";
  RecordedBench b;
  SUBCASE("demote") {
    b.start(Step::demote, two);
    b.answer("EXEC", recorded.replies("demote", {"MULTI", "REPLICAOF 127.98.0.12 6379", "CLIENT KILL TYPE normal",
                                                 "CLIENT KILL TYPE pubsub", "CLIENT UNPAUSE", "EXEC"}));
    b.answer("REWRITE", recorded.reply("demote", "CONFIG REWRITE"));
  }
  SUBCASE("demote_emptied") {
    b.start(Step::demote_emptied, two);
    b.answer("EXEC", recorded.replies("demote_emptied", {"MULTI", "REPLICAOF 127.98.0.12 6379",
                                                         "CLIENT KILL TYPE normal", "CLIENT KILL TYPE pubsub",
                                                         "CLIENT KILL TYPE replica", "CLIENT UNPAUSE", "EXEC"}));
    b.answer("REWRITE", recorded.reply("demote", "CONFIG REWRITE"));
  }
  CHECK(b.ended() == std::pair(StepResult::done, std::string(unpause)));
}

TEST_CASE_TEMPLATE("redis recorded: who else decides, in CLIENT LIST", Server, Redis50, Redis60) {
  const RecordedReplies recorded(Server::version);
  ReplyReader reader;
  reader.feed(recorded.reply("deciders", "CLIENT LIST"));
  const auto list = reader.next();
  REQUIRE(list);
  CHECK(find_deciders(list->text, {"sengu-a-g", {}}) ==
        std::vector<std::string>{"sentinel-1f0c2a9b@127.0.0.1", "sengu-b-g@127.0.0.1"});
}

}  // namespace
}  // namespace sengu::health::redis
