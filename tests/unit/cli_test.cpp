// The command line from its words to exit code, stdout and stderr; the admin port behind it is real, the program is not.
#include "proxy/cli/cli.hpp"

#include <cstdio>
#include <thread>

#include <boost/asio/post.hpp>
#include <doctest/doctest.h>
#include <unistd.h>

#include "proxy/admin_server.hpp"
#include "proxy/cli/admin_client.hpp"
#include "tests/support/fake_operations.hpp"

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

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// The admin port of a sengu that pretends, on a thread of its own.
struct RunningAdmin {
  boost::asio::io_context context{1};
  test::FakeOperations operations;
  AdminServer admin{context, operations};
  std::string port = std::to_string(admin.bound().port);
  std::thread thread{[this] { context.run(); }};

  ~RunningAdmin() {
    boost::asio::post(context, [this] { admin.stop(); });
    thread.join();
  }
};

}  // namespace

TEST_CASE("cli: where the admin port is") {
  CHECK(*parse_admin_address("10.0.0.1:26379") == AdminAddress{"10.0.0.1", 26379});
  CHECK(*parse_admin_address("[::1]:1") == AdminAddress{"::1", 1});
  CHECK(*parse_admin_address("localhost:65535") == AdminAddress{"localhost", 65535});
  CHECK(*parse_admin_address("sengu-a.example_1.org:26379") == AdminAddress{"sengu-a.example_1.org", 26379});
  for (const std::string wrong : {"", "localhost", "localhost:", ":26379", "localhost:0", "10.0.0.1:0", "localhost:65536",
                                  "localhost:26379x", "localhost:-1", "::1:26379", "a:b:1", "a b:1", "[localhost]:1"}) {
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
