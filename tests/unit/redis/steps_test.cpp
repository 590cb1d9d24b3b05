// The step scripts against a scripted server: what is sent, and what each kind of answer comes to. The happy paths on a
// true server are in real/redis_test.cpp.
#include <doctest/doctest.h>
#include <poll.h>

#include "health/redis/steps.hpp"
#include "tests/support/fake_server.hpp"

namespace sengu::health::redis {
namespace {

using namespace std::chrono_literals;
using test::FakeServer;
using test::run_until;

const Endpoint other{"10.0.0.2", 6379};

struct StepsBench {
  boost::asio::io_context io;
  FakeServer server{io};
  std::optional<StepResult> result;
  std::string text;
  int calls = 0;
  Milliseconds pause = 500ms;

  void start(Step step, Milliseconds timeout = 2s, Credentials credentials = {}) {
    run_step(io, server.endpoint(), credentials, {NodeId{0}, step, other, timeout, pause},
             [this](StepResult r, std::string t) {
               ++calls;
               result = r;
               text = std::move(t);
             });
  }
  /// Waits until the connection has sent something that ends with `end`, answers, and forgets what came.
  std::string answer(const std::string& end, const std::string& reply) {
    std::string received;
    const bool came = run_until(io, [&] {
      if (server.peers.empty() || server.peers[0]->received.find(end) == std::string::npos) return false;
      received = std::exchange(server.peers[0]->received, {});
      return true;
    });
    REQUIRE(came);
    server.peers[0]->send(reply);
    return received;
  }
  bool ended(StepResult expected) {
    return run_until(io, [&] { return result.has_value(); }) && *result == expected && calls == 1;
  }
};

/// As if the process had been stopped: nothing runs, and then everything is due at once.
void stall_for(Milliseconds time) { ::poll(nullptr, 0, static_cast<int>(time.count())); }

/// "+QUEUED" so many times.
std::string queued(int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += "+QUEUED\r\n";
  return out;
}

TEST_CASE("redis steps: fence names its time; an old server's refusal fails it with the text") {
  StepsBench b;
  b.start(Step::fence);
  const auto sent = b.answer("WRITE", "-ERR wrong number of arguments for 'client|pause'\r\n");
  CHECK(sent == "*4\r\n$6\r\nCLIENT\r\n$5\r\nPAUSE\r\n$3\r\n500\r\n$5\r\nWRITE\r\n");
  CHECK(b.ended(StepResult::failed));
  CHECK(b.text == "CLIENT PAUSE 500 WRITE: ERR wrong number of arguments for 'client|pause'");
}

TEST_CASE("redis steps: promote is done where REPLICAOF is; a failed CONFIG REWRITE is a text") {
  StepsBench b;
  b.start(Step::promote);
  b.answer("ONE", "+OK\r\n");
  SUBCASE("no file") {
    b.answer("REWRITE", "-ERR The server is running without a config file\r\n");
    CHECK(b.ended(StepResult::done));
    CHECK(b.text == "CONFIG REWRITE: ERR The server is running without a config file");
  }
  SUBCASE("closed") {
    b.answer("REWRITE", "");
    b.server.peers[0]->reset();
    CHECK(b.ended(StepResult::done));
    CHECK(b.text == "CONFIG REWRITE: connection closed by the server");
  }
}

TEST_CASE("redis steps: promote refused, and CONFIG REWRITE is not sent") {
  StepsBench b;
  b.start(Step::promote);
  b.answer("ONE", "-NOPERM no\r\n");
  CHECK(b.ended(StepResult::failed));
  CHECK(b.text == "REPLICAOF NO ONE: NOPERM no");
  CHECK(b.server.peers[0]->received.empty());
}

TEST_CASE("redis steps: repoint to the same master again is done") {
  StepsBench b;
  b.start(Step::repoint);
  CHECK(b.answer("6379", "+OK Already connected to specified master\r\n").find("10.0.0.2") != std::string::npos);
  b.answer("REWRITE", "+OK\r\n");
  CHECK(b.ended(StepResult::done));
  CHECK(b.text.empty());
}

TEST_CASE("redis steps: demote kills before it unpauses, in one transaction") {
  StepsBench b;
  b.start(Step::demote);
  const auto sent = b.answer("EXEC", "+OK\r\n" + queued(4) + "*4\r\n+OK\r\n:2\r\n:0\r\n+OK\r\n");
  const auto at = [&](const char* word) { return sent.find(word); };
  CHECK(at("MULTI") < at("REPLICAOF"));
  CHECK(at("REPLICAOF") < at("normal"));
  CHECK(at("normal") < at("pubsub"));
  CHECK(at("pubsub") < at("UNPAUSE"));
  CHECK(at("UNPAUSE") < at("EXEC"));
  CHECK(at("replica\r\n") == std::string::npos);
  b.answer("REWRITE", "+OK\r\n");
  CHECK(b.ended(StepResult::done));
}

TEST_CASE("redis steps: demote_emptied cuts the replicas too") {
  StepsBench b;
  b.start(Step::demote_emptied);
  CHECK(b.answer("EXEC", "+OK\r\n" + queued(5) + "*5\r\n+OK\r\n:2\r\n:0\r\n:1\r\n+OK\r\n").find("replica\r\n") !=
        std::string::npos);
  b.answer("REWRITE", "+OK\r\n");
  CHECK(b.ended(StepResult::done));
}

TEST_CASE("redis steps: a server without CLIENT UNPAUSE, as Redis 6.0 fails it in EXEC") {
  StepsBench b;
  b.start(Step::demote);
  b.answer("EXEC", "+OK\r\n" + queued(4) + "*4\r\n+OK\r\n:2\r\n:0\r\n-ERR Unknown subcommand\r\n");
  b.answer("REWRITE", "+OK\r\n");
  CHECK(b.ended(StepResult::done));
  CHECK(b.text == "CLIENT UNPAUSE: ERR Unknown subcommand");
}

TEST_CASE("redis steps: demote leaves a pause alone that is not ours") {
  StepsBench b;
  b.pause = 0ms;
  b.start(Step::demote);
  CHECK(b.answer("EXEC", "+OK\r\n" + queued(3) + "*3\r\n+OK\r\n:2\r\n:0\r\n").find("UNPAUSE") == std::string::npos);
  b.answer("REWRITE", "+OK\r\n");
  CHECK(b.ended(StepResult::done));
  CHECK(b.text.empty());
}

const std::string discarded = "-EXECABORT Transaction discarded because of previous errors.\r\n";

TEST_CASE("redis steps: a demotion that is refused as a transaction goes on word by word, REPLICAOF first") {
  StepsBench b;
  const std::string oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
  b.start(Step::demote_emptied);
  b.answer("EXEC", "+OK\r\n" + oom + oom + oom + oom + oom + discarded);
  CHECK(b.answer("6379", "+OK\r\n") == "*3\r\n$9\r\nREPLICAOF\r\n$8\r\n10.0.0.2\r\n$4\r\n6379\r\n");
  const auto cuts = b.answer("UNPAUSE", ":2\r\n:0\r\n:1\r\n+OK\r\n");
  const auto at = [&](const char* word) { return cuts.find(word); };
  CHECK(at("normal") < at("pubsub"));
  CHECK(at("pubsub") < at("replica\r\n"));
  CHECK(at("replica\r\n") < at("UNPAUSE"));
  b.answer("REWRITE", "+OK\r\n");
  CHECK(b.ended(StepResult::done));
  CHECK(b.text.empty());
}

TEST_CASE("redis steps: it is demoted though its clients cannot be cut, and the text says so") {
  StepsBench b;
  b.pause = 0ms;
  b.start(Step::demote);
  const std::string unknown = "-ERR unknown command 'CLIENT'\r\n";
  b.answer("EXEC", "+OK\r\n" + queued(1) + unknown + unknown + discarded);
  b.answer("6379", "+OK\r\n");
  SUBCASE("refused") {
    CHECK(b.answer("pubsub", unknown + unknown).find("UNPAUSE") == std::string::npos);
    b.answer("REWRITE", "-ERR no\r\n");
    CHECK(b.ended(StepResult::done));
    CHECK(b.text ==
          "its clients were not cut: CLIENT KILL TYPE normal: ERR unknown command 'CLIENT'; "
          "CONFIG REWRITE: ERR no");
  }
  SUBCASE("closed") {
    b.answer("pubsub", "");
    b.server.peers[0]->close();
    CHECK(b.ended(StepResult::done));
    CHECK(b.text.starts_with("its clients were perhaps not cut: connection closed by the server; CONFIG REWRITE: "));
  }
}

TEST_CASE("redis steps: only CLIENT UNPAUSE is forbidden: the pause ends by itself") {
  StepsBench b;
  b.start(Step::demote);
  b.answer("EXEC", "+OK\r\n" + queued(3) + "-NOPERM no\r\n" + discarded);
  b.answer("6379", "+OK\r\n");
  b.answer("UNPAUSE", ":2\r\n:0\r\n-NOPERM no\r\n");
  b.answer("REWRITE", "+OK\r\n");
  CHECK(b.ended(StepResult::done));
  CHECK(b.text == "CLIENT UNPAUSE: NOPERM no");
}

TEST_CASE("redis steps: demote fails where REPLICAOF or a kill does") {
  StepsBench b;
  b.start(Step::demote);
  SUBCASE("not queued") {
    b.answer("EXEC", "+OK\r\n-NOPERM no\r\n" + queued(3) + "-EXECABORT Transaction discarded\r\n");
    b.answer("6379", "-NOPERM no\r\n");
    CHECK(b.ended(StepResult::failed));
    CHECK(b.text == "REPLICAOF 10.0.0.2 6379: NOPERM no");
    CHECK(b.server.peers[0]->received.empty());  // its clients stay
  }
  SUBCASE("failed in EXEC") {
    b.answer("EXEC", "+OK\r\n" + queued(4) + "*4\r\n-ERR cluster\r\n:0\r\n:0\r\n+OK\r\n");
    CHECK(b.ended(StepResult::failed));
    CHECK(b.text == "REPLICAOF 10.0.0.2 6379: ERR cluster");
  }
}

TEST_CASE("redis steps: AUTH comes first and decides") {
  StepsBench b;
  b.start(Step::rehandshake, 2s, {"u", {"p"}, "sengu-a-b"});
  SUBCASE("refused") {
    b.answer("SETNAME", "-WRONGPASS bad\r\n-NOAUTH no\r\n");
    CHECK(b.ended(StepResult::failed));
    CHECK(b.text == "AUTH: WRONGPASS bad");
    CHECK(b.server.peers[0]->received.empty());
  }
  SUBCASE("accepted, the name refused") {
    b.answer("SETNAME", "+OK\r\n-NOPERM no\r\n");
    CHECK(b.answer("master", ":1\r\n").find("TYPE") != std::string::npos);
    CHECK(b.ended(StepResult::done));
  }
}

TEST_CASE("redis steps: nothing is sent after the deadline, though the answer to the greeting is found first") {
  StepsBench b;
  Step step = Step::promote;
  SUBCASE("promote") { step = Step::promote; }
  SUBCASE("repoint") { step = Step::repoint; }
  SUBCASE("demote") { step = Step::demote; }
  b.start(step, 100ms, {"", {""}, "sengu-a-b"});
  b.answer("SETNAME", "+OK\r\n");
  stall_for(150ms);
  CHECK(b.ended(StepResult::failed));
  CHECK(b.text == "no answer in time");
  CHECK(run_until(b.io, [&] { return b.server.peers[0]->ended; }));
  CHECK(b.server.peers[0]->received.empty());
}

TEST_CASE("redis steps: CONFIG REWRITE is not sent after the deadline either, and the step is done") {
  StepsBench b;
  b.start(Step::promote, 100ms);
  b.answer("ONE", "+OK\r\n");
  stall_for(150ms);
  CHECK(b.ended(StepResult::done));
  CHECK(b.text == "CONFIG REWRITE: no answer in time");
  CHECK(run_until(b.io, [&] { return b.server.peers[0]->ended; }));
  CHECK(b.server.peers[0]->received.empty());
}

TEST_CASE("redis steps: what began before a stall of ours is not carried out, however long its deadline") {
  StepsBench b;
  b.start(Step::promote, 60s, {"", {""}, "sengu-a-b"});
  SUBCASE("before the first byte") {
    CHECK(run_until(b.io, [&] { return !b.server.peers.empty(); }));
  }
  SUBCASE("in the greeting") { b.answer("SETNAME", "+OK\r\n"); }
  stall_for(1200ms);
  CHECK(b.ended(StepResult::failed));
  CHECK(b.text == "sengu itself was stalled");
  CHECK(run_until(b.io, [&] { return b.server.peers[0]->ended; }));
  CHECK(b.server.peers[0]->received.find("REPLICAOF") == std::string::npos);
}

TEST_CASE("redis steps: nobody there, silence, closed, garbage") {
  StepsBench b;
  SUBCASE("refused") {
    b.server.stop_listening();
    b.start(Step::unfence);
    CHECK(b.ended(StepResult::unreachable));
  }
  SUBCASE("silence until the deadline") {
    b.start(Step::unfence, 20ms);
    CHECK(b.ended(StepResult::failed));
    CHECK(b.text == "no answer in time");
  }
  SUBCASE("closed") {
    b.start(Step::unfence);
    b.answer("UNPAUSE", "");
    b.server.peers[0]->close();
    CHECK(b.ended(StepResult::failed));
    CHECK(b.text == "connection closed by the server");
  }
  SUBCASE("garbage") {
    b.start(Step::unfence);
    b.answer("UNPAUSE", "HTTP/1.1 400\r\n");
    CHECK(b.ended(StepResult::failed));
    CHECK(b.text.starts_with("not the Redis protocol"));
  }
}

}  // namespace
}  // namespace sengu::health::redis
