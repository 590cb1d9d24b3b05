// The admin table: privilege of every row, the words, the replies in both protocols.
#include "proxy/admin/command.hpp"

#include <doctest/doctest.h>

#include "tests/support/contains.hpp"
#include "tests/support/fake_operations.hpp"

using namespace sengu;
using namespace sengu::proxy;

namespace {

struct Admin {
  test::FakeOperations operations;
  AdminClient client;
  AfterReply after = AfterReply::keep;

  std::string operator()(const Arguments& words) {
    std::string bytes = "(no answer)";
    execute({operations, client, words, [&](AdminAnswer answer) {
               bytes = std::move(answer.bytes);
               after = answer.after;
             }});
    return bytes;
  }
};

Arguments example_of(const AdminCommand& row, bool sentinel) {
  Arguments words;
  if (sentinel) words.emplace_back("SENTINEL");
  words.emplace_back(row.word);
  while (words.size() < row.least) words.emplace_back("sessions");
  return words;
}

using test::contains;

}  // namespace

TEST_CASE("admin_command: every operate row is refused without AUTH, every read row by auth_required = all") {
  for (const auto required : {config::AuthRequired::operate, config::AuthRequired::all}) {
    for (const bool sentinel : {false, true}) {
      for (const auto& row : sentinel ? sentinel_commands() : admin_commands()) {
        CAPTURE(row.word);
        Admin admin;
        admin.operations.all_settings.admin.password = {"secret"};
        admin.operations.all_settings.admin.auth_required = required;
        const bool refused = row.privilege == Privilege::operate ||
                             (row.privilege == Privilege::read && required == config::AuthRequired::all);
        const auto reply = admin(example_of(row, sentinel));
        CHECK(reply.starts_with("-NOAUTH Authentication required.") == refused);
        if (refused) CHECK(admin.operations.calls.empty());
        CHECK(admin({"AUTH", "secret"}) == "+OK\r\n");
        CHECK_FALSE(admin(example_of(row, sentinel)).starts_with("-NOAUTH"));
      }
    }
  }
}

TEST_CASE("admin_command: the operator's verbs need the privilege operate") {
  for (const std::string word :
       {"FAILOVER", "PAUSE", "RESUME", "SWITCHOVER", "HOLD", "RELEASE", "DRAIN", "UNDRAIN", "RELOAD"}) {
    CAPTURE(word);
    bool found = false;
    for (const auto& row : admin_commands())
      if (row.word == word) found = row.privilege == Privilege::operate;
    CHECK(found);
  }
}

TEST_CASE("admin_command: AUTH, and guessing is ended") {
  Admin admin;
  CHECK(admin({"AUTH", "x"}).starts_with("-ERR AUTH <password> called without any password configured"));
  admin.operations.all_settings.admin.password = {"secret"};
  CHECK(admin({"AUTH", "secre"}).starts_with("-WRONGPASS"));
  CHECK(admin({"AUTH", "secretsecret"}).starts_with("-WRONGPASS"));
  CHECK(admin({"AUTH", ""}).starts_with("-WRONGPASS"));
  CHECK(admin({"AUTH", "root", "secret"}).starts_with("-WRONGPASS"));
  CHECK(admin({"PAUSE", "sessions"}).starts_with("-NOAUTH"));
  CHECK(admin({"AUTH", "default", "secret"}) == "+OK\r\n");
  CHECK(admin({"PAUSE", "sessions"}) == "+OK\r\n");
  Admin guesser;
  guesser.operations.all_settings.admin.password = {"secret"};
  for (int i = 1; i < most_failed_logins; ++i) guesser({"AUTH", "guess"});
  CHECK(guesser.after == AfterReply::keep);
  guesser({"HELLO", "3", "AUTH", "default", "guess"});
  CHECK(guesser.after == AfterReply::close);
}

TEST_CASE("admin_command: HELLO") {
  Admin admin;
  CHECK(admin({"HELLO", "4"}) == "-NOPROTO unsupported protocol version\r\n");
  const auto two = admin({"hello"});
  CHECK(two.starts_with("*12\r\n$6\r\nserver\r\n$5\r\nredis\r\n"));
  CHECK(contains(two, "$4\r\nmode\r\n$8\r\nsentinel\r\n$7\r\nmodules\r\n*0\r\n"));
  CHECK(admin({"HELLO", "3", "SETNAME", "me"}).starts_with("%6\r\n"));
  CHECK(admin.client.protocol == Protocol::resp3);
  CHECK(admin({"CLIENT", "GETNAME"}) == "$2\r\nme\r\n");
  CHECK(admin({"SENTINEL", "get-master-addr-by-name", "nobody"}) == "_\r\n");
  CHECK(admin({"STATUS"}).starts_with("="));
  admin.operations.all_settings.admin.password = {"secret"};
  admin.operations.all_settings.admin.auth_required = config::AuthRequired::all;
  CHECK(admin({"HELLO", "2"}).starts_with("-NOAUTH HELLO must be called"));
  CHECK(admin({"HELLO", "2", "AUTH", "default", "secret"}).starts_with("*12"));
}

TEST_CASE("admin_command: failover, pause and resume reach the operations") {
  Admin admin;
  CHECK(admin({"failover", "sessions"}) == "+OK redis02 is master\r\n");
  CHECK(admin({"FAILOVER", "sessions", "TO", "redis02", "accept-loss"}).starts_with("+OK"));
  CHECK(admin({"FAILOVER", "carts", "TO", "10.0.0.13:6379"}).starts_with("+OK"));
  CHECK(admin({"PAUSE", "ALL"}) == "+OK paused 2 groups\r\n");
  CHECK(admin({"RESUME", "carts"}) == "+OK\r\n");
  CHECK(admin.operations.calls == std::vector<std::string>{"failover 0 -", "failover 0 1 loss", "failover 1 2",
                                                           "pause 0", "pause 1", "resume 1"});
  admin.operations.refuse = "no\r\n+OK good replica";
  CHECK(admin({"FAILOVER", "sessions"}) == "-ERR no??+OK good replica\r\n");
}

TEST_CASE("admin_command: rejoin names a node") {
  Admin admin;
  CHECK(admin({"REJOIN", "sessions", "redis02"}) == "+OK\r\n");
  CHECK(admin({"rejoin", "sessions", "redis02", "wipe"}) == "+OK\r\n");
  CHECK(admin.operations.calls == std::vector<std::string>{"rejoin 0 1", "rejoin 0 1 wipe"});
  CHECK(admin({"REJOIN", "sessions"}).starts_with("-ERR wrong number of arguments for 'rejoin' command"));
  CHECK(admin({"REJOIN", "sessions", "redis2"}) ==
        "-ERR no such node 'redis2' in group 'sessions'; did you mean 'redis02'?\r\n");
  CHECK(admin({"REJOIN", "sessions", "redis02", "now"}) == "-ERR syntax error; usage: REJOIN GROUP NODE [WIPE]\r\n");
}

TEST_CASE("admin_command: what is unknown names the nearest") {
  Admin admin;
  CHECK(admin({"FAILOVR", "x"}) == "-ERR unknown command 'FAILOVR'; did you mean 'FAILOVER'?\r\n");
  CHECK(admin({"PAUSE", "session"}) == "-ERR no such group 'session'; did you mean 'sessions'?\r\n");
  CHECK(admin({"FAILOVER", "sessions", "TO", "redis2"}) ==
        "-ERR no such node 'redis2' in group 'sessions'; did you mean 'redis02'?\r\n");
  CHECK(admin({"STATUS", "cats"}) == "-ERR no such group 'cats'; did you mean 'carts'?\r\n");
  CHECK(admin({"PAUSE"}).starts_with("-ERR wrong number of arguments for 'pause' command"));
  CHECK(admin({"RELOAD"}) == "-ERR not supported yet\r\n");
  CHECK(admin({"SENTINEL", "foo"}) == "-ERR unknown subcommand 'foo'. Try SENTINEL HELP.\r\n");
  CHECK(
      admin({"SENTINEL", "masters", "x"}).starts_with("-ERR wrong number of arguments for 'sentinel|masters' command"));
  CHECK(admin({"SENTINEL", "reset", "*"}) == "-ERR not supported yet\r\n");
}

TEST_CASE("admin_command: what is not built says so, whatever its arguments") {
  const auto check = [](const AdminCommand& row, Arguments alone) {
    if (row.help != "not supported yet") return;
    CAPTURE(row.word);
    alone.emplace_back(row.word);
    auto many = alone;
    many.resize(trusted_limits.arguments, "x");
    Admin admin;
    CHECK(admin(alone) == "-ERR not supported yet\r\n");
    CHECK(admin(many) == "-ERR not supported yet\r\n");
    admin.operations.all_settings.admin.password = {"secret"};
    CHECK(admin(alone).starts_with("-NOAUTH") == (row.privilege == Privilege::operate));
  };
  for (const auto& row : admin_commands()) check(row, {});
  for (const auto& row : sentinel_commands()) check(row, {"SENTINEL"});
}

TEST_CASE("admin_command: events") {
  Admin admin;
  for (int i = 1; i <= 3; ++i) admin.operations.happen(health::EventKind::held, "sessions - n=" + std::to_string(i));
  CHECK(admin({"EVENTS"}).starts_with("*3\r\n"));
  const auto last = admin({"EVENTS", "COUNT", "1"});
  CHECK(last.starts_with("*1\r\n"));
  CHECK(contains(last, "2023-11-14T22:13:20.123Z +held sessions - n=3"));
  CHECK(contains(admin({"EVENTS", "AFTER", "2", "JSON"}), R"("events":[{"id":3,)"));
  CHECK(admin({"EVENTS", "COUNT", "x"}).starts_with("-ERR syntax error"));
  CHECK(contains(admin({"EVENTS", "COUNT", "1", "FOLLOW"}), "n=3"));
  CHECK(admin.after == AfterReply::follow);
}

TEST_CASE("admin_command: as a Sentinel, in vip and in backend mode") {
  Admin admin;
  CHECK(admin({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "sessions"}) == "*2\r\n$11\r\n172.16.0.10\r\n$4\r\n6379\r\n");
  CHECK(admin({"sentinel", "get-master-addr-by-name", "nobody"}) == "*-1\r\n");
  CHECK(admin({"SENTINEL", "master", "nobody"}) == "-ERR No such master with that name\r\n");
  const auto masters = admin({"SENTINEL", "masters"});
  CHECK(masters.starts_with(
      "*2\r\n*40\r\n$4\r\nname\r\n$8\r\nsessions\r\n$2\r\nip\r\n$11\r\n172.16.0.10\r\n$4\r\nport\r\n$4\r\n6379\r\n"
      "$5\r\nrunid\r\n$3\r\nid0\r\n$5\r\nflags\r\n$6\r\nmaster\r\n"));
  CHECK(contains(masters, "master,s_down,o_down"));  // the closed group
  CHECK(admin({"SENTINEL", "replicas", "sessions"}).starts_with("*1\r\n"));
  CHECK(contains(admin({"SENTINEL", "slaves", "sessions"}), "172.16.0.10:6380"));
  CHECK(admin({"SENTINEL", "replicas", "carts"}) == "*0\r\n");
  CHECK(admin({"ROLE"}) == "*2\r\n$8\r\nsentinel\r\n*2\r\n$8\r\nsessions\r\n$5\r\ncarts\r\n");
  CHECK(contains(admin({"INFO"}), "redis_mode:sentinel"));
  CHECK(contains(admin({"INFO", "sentinel"}),
                 "master0:name=sessions,status=ok,address=172.16.0.10:6379,slaves=1,sentinels=1"));
  admin.operations.all_settings.admin.announce = config::Announce::backend;
  CHECK(admin({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "sessions"}) == "*2\r\n$9\r\n10.0.0.11\r\n$4\r\n6379\r\n");
  const auto replicas = admin({"SENTINEL", "replicas", "sessions"});
  CHECK(replicas.starts_with("*2\r\n"));
  CHECK(contains(replicas, "slave,s_down,disconnected"));
  CHECK(contains(replicas, "$17\r\nslave-repl-offset\r\n$4\r\n7952\r\n"));
  CHECK(contains(replicas, "$17\r\nslave-repl-offset\r\n$4\r\n5904\r\n"));
  CHECK(contains(admin({"SENTINEL", "replicas", "carts"}), "$17\r\nslave-repl-offset\r\n$1\r\n0\r\n"));  // never seen
  admin.client.protocol = Protocol::resp3;
  CHECK(admin({"SENTINEL", "master", "sessions"}).starts_with("%20\r\n"));
}

TEST_CASE("admin_command: a wildcard listener is announced as the address that was asked") {
  Admin admin;
  admin.operations.all_settings.groups[0].listen.host = "0.0.0.0";
  admin.client.local_host = "192.168.1.5";
  CHECK(admin({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "sessions"}) == "*2\r\n$11\r\n192.168.1.5\r\n$4\r\n6379\r\n");
}

TEST_CASE("admin_command: client libraries and web pages") {
  Admin admin;
  CHECK(admin({"PING"}) == "+PONG\r\n");
  CHECK(admin({"CLIENT", "SETINFO", "lib-name", "x"}) == "+OK\r\n");
  CHECK(admin({"CLIENT", "KILL", "x"}).starts_with("-ERR"));
  CHECK(admin({"COMMAND", "DOCS"}) == "*0\r\n");
  CHECK(admin({"QUIT"}) == "+OK\r\n");
  CHECK(admin.after == AfterReply::close);
  admin.after = AfterReply::keep;
  CHECK(admin({"POST", "/", "HTTP/1.1"}).empty());
  CHECK(admin.after == AfterReply::close);
  CHECK(admin({"HELP"}).starts_with("*"));
}
