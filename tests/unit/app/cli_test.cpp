// The command line from its words to exit code, stdout and stderr; the admin port behind it is real, the program is
// not.
#include "proxy/cli/cli.hpp"

#include <cstdio>
#include <future>
#include <thread>

#include <boost/asio/post.hpp>
#include <doctest/doctest.h>
#include <unistd.h>

#include "proxy/admin/server.hpp"
#include "proxy/cli/admin_client.hpp"
#include "tests/support/contains.hpp"
#include "tests/support/fake_operations.hpp"
#include "tests/unit/config/files.hpp"

using namespace sengu;
using namespace sengu::proxy;

namespace {

/// Takes what goes to a descriptor from now on, until `text()` gives the descriptor back.
class Captured {
 public:
  explicit Captured(std::FILE* stream) : stream_(stream), file_(std::tmpfile()) {
    std::fflush(stream_);
    saved_ = ::dup(::fileno(stream_));
    REQUIRE(::dup2(::fileno(file_), ::fileno(stream_)) >= 0);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  ~Captured() {
    give_back();
    std::fclose(file_);
  }
  std::string text() {
    give_back();
    std::rewind(file_);
    std::string text;
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) text += static_cast<char>(c);
    return text;
  }

 private:
  void give_back() {
    if (saved_ < 0) return;
    std::fflush(stream_);
    ::dup2(saved_, ::fileno(stream_));
    ::close(saved_);
    saved_ = -1;
  }

  std::FILE* stream_;
  std::FILE* file_;
  int saved_ = -1;
};

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome sengu_with(std::vector<std::string> words) {
  words.insert(words.begin(), "sengu");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  Captured out(stdout);
  Captured err(stderr);
  const int code = cli_main(static_cast<int>(argv.size()), argv.data());
  std::string said = err.text();
  return {code, out.text(), std::move(said)};
}

using test::contains;

/// The admin port of a sengu that pretends, on a thread of its own.
struct RunningAdmin {
  boost::asio::io_context context{1};
  test::FakeOperations operations;
  AdminServer admin{context, operations};
  std::string port = std::to_string(admin.bound().port);
  std::thread thread{[this] { context.run(); }};

  /// What reached the operations, read on their thread.
  std::vector<std::string> calls() {
    std::promise<std::vector<std::string>> made;
    boost::asio::post(context, [&] { made.set_value(operations.calls); });
    return made.get_future().get();
  }

  ~RunningAdmin() {
    boost::asio::post(context, [this] { admin.stop(); });
    thread.join();
  }
};

}  // namespace

TEST_CASE("cli: an unknown verb names the nearest") {
  const auto near = sengu_with({"statsu"});
  CHECK(near.code == exit_usage);
  CHECK(near.out.empty());
  CHECK(near.err == "sengu: unknown verb 'statsu'; did you mean 'status'? (sengu --help lists them)\n");
  const auto far = sengu_with({"zzzzzzzzz", "--json"});
  CHECK(far.code == exit_usage);
  CHECK(far.err == "sengu: unknown verb 'zzzzzzzzz' (sengu --help lists them)\n");
}

TEST_CASE("cli: what is missing or too much is a usage error") {
  for (const std::string verb : {"failover", "rejoin", "pause", "resume"}) {
    CAPTURE(verb);
    const auto outcome = sengu_with({verb});
    CHECK(outcome.code == exit_usage);
    CHECK(contains(outcome.err, "group is required"));
  }
  for (const auto& words : std::vector<std::vector<std::string>>{{},
                                                                 {"--admin", "127.0.0.1:1"},
                                                                 {"run"},
                                                                 {"check"},
                                                                 {"status", "a", "b"},
                                                                 {"status", "--unknown"},
                                                                 {"failover", "g", "--to"},
                                                                 {"rejoin", "g"},
                                                                 {"events", "--json=maybe"},
                                                                 {"status", "--admin"}}) {
    CAPTURE(words);
    const auto outcome = sengu_with(words);
    CHECK(outcome.code == exit_usage);
    CHECK(outcome.out.empty());
    CHECK_FALSE(outcome.err.empty());
  }
}

TEST_CASE("cli: every verb has a help with an example, and what is not built says so") {
  for (const auto& verb : cli_verbs()) {
    CAPTURE(verb.name);
    const auto help = sengu_with({verb.name, "--help"});
    CHECK(help.code == exit_done);
    CHECK(contains(help.out, "Example:\n  sengu " + verb.name));
    for (const auto& option : verb.admin_options) CHECK(contains(help.out, option));
    if (!contains(help.out, "not supported yet")) continue;
    const auto outcome = sengu_with({verb.name, "some", "--words"});
    CHECK(outcome.code == exit_refused);
    CHECK(outcome.err == "sengu: " + verb.name + ": not supported yet\n");
  }
  const auto help = sengu_with({"--help"});
  CHECK(help.code == exit_done);
  for (const auto& verb : cli_verbs()) CHECK(contains(help.out, "  " + verb.name + " "));
  CHECK(sengu_with({"--version"}).out == "sengu " SENGU_VERSION "\n");
}

TEST_CASE("cli: exit codes of what cannot be read or reached") {
  const auto check = sengu_with({"check", "--config", "/nonexistent.toml"});
  CHECK(check.code == exit_configuration);
  CHECK(contains(check.err, "/nonexistent.toml"));
  CHECK(sengu_with({"status", "--admin", "127.0.0.1:1"}).code == exit_unreachable);
  CHECK(sengu_with({"status", "--admin-password-file", "/nonexistent"}).code == exit_unreachable);
}

TEST_CASE("cli: check --live names who does not answer, and tells no good file from a bad one by asking") {
  const config::test::Folder folder;
  const auto file = (folder.path() / "sengu.toml").string();
  folder.write(
      "sengu.toml",
      "[[group]]\nname = \"sessions\"\nlisten = \"127.0.0.1:7000\"\nnodes = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n");
  const auto live = sengu_with({"check", "--config", file, "--live"});
  CHECK(live.code == exit_refused);
  CHECK(live.err.empty());
  CHECK(contains(live.out, "sessions  redis  mode auto  master -\n"));
  CHECK(contains(live.out, "  127.0.0.1:2  127.0.0.1:2  -     -        l4_refused: Connection refused\n"));
  CHECK(contains(live.out,
                 "  there is no master: no node could become master; not 127.0.0.1:1 (node_down: down), not "
                 "127.0.0.1:2 (node_down: down)\n"));
  CHECK(sengu_with({"check", "--config", file}).code == exit_done);
  CHECK(sengu_with({"check", "--config", file, "--live", "--print"}).code == exit_usage);
  folder.write("sengu.toml", "[[group]]\n");
  const auto bad = sengu_with({"check", "--config", file, "--live"});
  CHECK(bad.code == exit_configuration);
  CHECK(bad.out.empty());
}

TEST_CASE("cli: what the admin port answers decides") {
  RunningAdmin sengu;
  const auto with_admin = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--admin", "127.0.0.1:" + sengu.port});
    return sengu_with(std::move(words));
  };
  CHECK(with_admin({"status", "sessions"}).code == exit_done);
  CHECK(with_admin({"status", "carts"}).code == exit_refused);  // it has no routed master
  const auto unknown = with_admin({"failover", "session"});
  CHECK(unknown.code == exit_refused);
  CHECK(unknown.err == "sengu: no such group 'session'; did you mean 'sessions'?\n");
  CHECK(with_admin({"pause", "all"}).out == "OK paused 2 groups\n");
  const auto json = with_admin({"failover", "sessions", "--to", "redis02", "--accept-loss", "--json"});
  CHECK(json.out == "{\"result\":\"OK redis02 is master\"}\n");
  CHECK(with_admin({"rejoin", "sessions", "redis02", "--wipe"}).code == exit_done);
  CHECK(sengu.calls() == std::vector<std::string>{"pause 0", "pause 1", "failover 0 1 loss", "rejoin 0 1 wipe"});
}

TEST_CASE("cli: where the admin port is") {
  CHECK(*parse_admin_address("10.0.0.1:26379") == AdminAddress{"10.0.0.1", 26379});
  CHECK(*parse_admin_address("[::1]:1") == AdminAddress{"::1", 1});
  CHECK(*parse_admin_address("localhost:65535") == AdminAddress{"localhost", 65535});
  CHECK(*parse_admin_address("sengu-a.example_1.org:26379") == AdminAddress{"sengu-a.example_1.org", 26379});
  for (const std::string wrong :
       {"", "localhost", "localhost:", ":26379", "localhost:0", "10.0.0.1:0", "localhost:65536", "localhost:26379x",
        "localhost:-1", "::1:26379", "a:b:1", "a b:1", "[localhost]:1"}) {
    CAPTURE(wrong);
    CHECK(parse_admin_address(wrong).has_error());
  }
}

TEST_CASE("cli: the admin port may be given by name") {
  RunningAdmin sengu;
  const auto status = sengu_with({"status", "--admin", "localhost:" + sengu.port});
  CHECK(status.code == exit_done);
  CHECK(contains(status.out, "redis01"));
  CHECK(status.err.empty());
  const auto wrong = sengu_with({"status", "--admin", "localhost"});
  CHECK(wrong.code == exit_usage);
  CHECK(contains(wrong.err, "not HOST:PORT"));
}
