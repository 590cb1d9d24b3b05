// What a group says of its nodes, on the modelled servers of the scenarios.
#include <doctest/doctest.h>

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
  health::Observation late;   // asked before the last one, and answered now: a server that was frozen wakes
  late.outcome = health::Outcome::ok;
  late.asked = world.now() - 1500ms;
  late.answered = world.now();
  late.info.emplace().role = health::Role::master;
  late.info->run_id = before.server_id;
  world.input(health::ProbeDone{health::NodeId{1}, late});
  CHECK(world.status().nodes[1].role == health::Role::replica);
  CHECK_FALSE(world.status().nodes[1].rogue);
}
