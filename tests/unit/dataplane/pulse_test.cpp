// The control thread's sign of life, on a real clock: what comes first after a stall.
#include <poll.h>

#include <doctest/doctest.h>

#include "proxy/dataplane/pulse.hpp"

namespace sengu::proxy {
namespace {

using namespace std::chrono_literals;

TEST_CASE("pulse: it beats; after a stall everything is looked at anew before the routes hold again") {
  boost::asio::io_context io{1};
  std::vector<std::string> said;
  health::Time until{};
  Pulse pulse(io, {[&] { said.emplace_back("stalled"); },
                   [&](health::Time at) {
                     said.emplace_back("renew");
                     CHECK(at > until);
                     until = at;
                   }});
  pulse.start();
  REQUIRE(said == std::vector<std::string>{"renew"});
  while (said.size() < 3) io.run_one();
  CHECK(said == std::vector<std::string>{"renew", "renew", "renew"});
  said.clear();
  ::poll(nullptr, 0, 1100);  // as if the process had been stopped: nothing runs
  CHECK(std::chrono::steady_clock::now() > until);
  while (said.size() < 2) io.run_one();
  CHECK(said == std::vector<std::string>{"stalled", "renew"});
  pulse.stop();
  CHECK(io.run() <= 1);
}

}  // namespace
}  // namespace sengu::proxy
