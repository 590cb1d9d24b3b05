// What a group says of its nodes, on the modelled servers of the scenarios.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/model_world.hpp"

using namespace sengu;
using namespace std::chrono_literals;

TEST_CASE("group status: the offset of a node is the last that was seen") {
  const auto settings = test::group_of(3);
  test::World world(settings);
  world.start();
  CHECK_FALSE(world.status().nodes[1].offset);
  world.run(2s);
  world.write(0, 5);
  world.run(2s);
  const auto status = world.status();
  REQUIRE(world.nodes[0].offset > 0);
  for (std::size_t node = 0; node < 3; ++node) CHECK(status.nodes[node].offset == world.nodes[node].offset);
  world.cut_path(1);
  world.write(0, 5);
  world.run(5s);
  CHECK(world.status().nodes[0].offset == world.nodes[0].offset);
  CHECK(world.status().nodes[1].offset == status.nodes[1].offset);
}

TEST_CASE("group status: an answer that was outlived by a later one changes nothing") {
  const auto settings = test::group_of(3);
  test::World world(settings);
  world.start();
  world.run(2s);
  const auto before = world.status().nodes[1];
  REQUIRE(before.role == health::Role::replica);
  health::Observation late;  // asked before the last one, and answered now: a server that was frozen wakes
  late.outcome = health::Outcome::ok;
  late.asked = world.now() - 1500ms;
  late.answered = world.now();
  late.info.emplace().role = health::Role::master;
  late.info->run_id = before.server_id;
  world.input(health::ProbeDone{health::NodeId{1}, late});
  CHECK(world.status().nodes[1].role == health::Role::replica);
  CHECK_FALSE(world.status().nodes[1].rogue);
}

TEST_CASE("group: that we have no descriptor to ask with is no evidence against anybody") {
  const auto settings = test::group_of(3);
  test::World world(settings);
  world.start();
  world.run(2s);
  REQUIRE(world.master() == 0);
  world.nodes[0].answers = health::Outcome::shortage;
  world.run(10s);
  CHECK(world.master() == 0);  // nothing is lost, nobody refused
  CHECK(world.status().route == health::RouteState::open);
  // All witnesses have lost it, and it was last heard long ago: of a server that had been asked that would be enough.
  world.client_kill(0);
  for (const int replica : {1, 2}) world.deafen(replica);
  world.run(30s);
  CHECK(world.status().route == health::RouteState::held);
  CHECK(world.status().nodes[0].health != health::Health::down);
  CHECK(world.nodes[0].role == health::Role::master);
  for (const int replica : {1, 2}) CHECK(world.nodes[static_cast<std::size_t>(replica)].role == health::Role::replica);
  world.nodes[0].answers = health::Outcome::ok;
  world.run(2s);
  CHECK(world.status().route == health::RouteState::open);
  CHECK(world.violations.empty());
}

TEST_CASE("group: the first probes wait for their time") {
  const auto settings = test::group_of(3);
  health::Group group(settings, std::nullopt);
  const health::Time now{1000s};
  const auto probes = [](const health::Commands& commands) {
    return std::count_if(commands.begin(), commands.end(),
                         [](const auto& one) { return std::holds_alternative<health::Probe>(one); });
  };
  CHECK(probes(group.start(now, now + 300ms)) == 0);
  CHECK(group.next_deadline() == now + 300ms);
  CHECK(probes(group.step(now + 299ms, health::Tick{})) == 0);
  CHECK(probes(group.step(now + 300ms, health::Tick{})) == 3);
}
