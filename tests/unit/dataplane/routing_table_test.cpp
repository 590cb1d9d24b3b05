// The rule `allowed` and the placement of clients: pure.
#include <doctest/doctest.h>

#include <memory>

#include "proxy/dataplane/placement.hpp"

using namespace sengu;
using namespace sengu::proxy;
using health::NodeId;
using health::RouteState;

namespace {

constexpr health::GroupId group{0};

/// Three nodes in these zones.
RoutingTable table_with(health::Route route, std::vector<std::string> zones = {"a", "b", "b"}) {
  config::GroupSettings settings;
  for (std::uint16_t i = 0; i < 3; ++i) {
    config::NodeSettings& node = settings.nodes.emplace_back();
    node.address = {"10.0.0.1", i};
    node.zone = zones[i];
  }
  RoutingTable table;
  table.groups.push_back({std::move(route), std::make_shared<const config::GroupSettings>(std::move(settings))});
  return table;
}

health::Route route(RouteState state, health::Epoch epoch, health::Epoch live) {
  health::Route made;
  made.state = state;
  made.epoch = epoch;
  made.live = live;
  made.reason = health::Reason::connection_lost;
  if (state == RouteState::open) made.master = NodeId(0);
  made.readers = {{0, false}, {5, true}, {7, true}};
  return made;
}

Placement place_now(const RoutingTable& table, ListenerRole role, std::string_view zone = {},
                    std::vector<int> loads = {0, 0, 0}, std::optional<NodeId> avoid = {}) {
  std::vector<std::atomic<std::uint64_t>> sessions(loads.size());
  for (std::size_t i = 0; i < loads.size(); ++i) sessions[i] = static_cast<std::uint64_t>(loads[i]);
  return place({group, role, avoid}, table, zone, sessions);
}

}  // namespace

TEST_CASE("allowed: a session to the master lives by its epoch alone") {
  const SessionTag session{group, NodeId(0), 3, 0};
  CHECK(allowed(session, table_with(route(RouteState::open, 3, 3))));
  CHECK(allowed(session, table_with(route(RouteState::held, 3, 3))));
  CHECK_FALSE(allowed(session, table_with(route(RouteState::held, 3, 0))));
  CHECK_FALSE(allowed(session, table_with(route(RouteState::held, 4, 0))));
  CHECK_FALSE(allowed(session, table_with(route(RouteState::open, 4, 4))));
  CHECK_FALSE(allowed({group, NodeId(0), 0, 0}, table_with(route(RouteState::held, 0, 0))));
  CHECK_FALSE(allowed({health::GroupId{1}, NodeId(0), 3, 0}, table_with(route(RouteState::open, 3, 3))));
}

TEST_CASE("allowed: a reader lives by the generation of its node") {
  const auto table = table_with(route(RouteState::held, 4, 0));
  CHECK(allowed({group, NodeId(1), 0, 5}, table));
  CHECK_FALSE(allowed({group, NodeId(1), 0, 4}, table));
  CHECK_FALSE(allowed({group, NodeId(0), 0, 0}, table));
  CHECK_FALSE(allowed({group, NodeId(9), 0, 5}, table));
}

TEST_CASE("may_begin: with the master only where the route is open and leads to it, with a reader as allowed") {
  const SessionTag session{group, NodeId(0), 3, 0};
  CHECK(may_begin(session, table_with(route(RouteState::open, 3, 3))));
  CHECK_FALSE(may_begin(session, table_with(route(RouteState::held, 3, 3))));
  CHECK_FALSE(may_begin(session, table_with(route(RouteState::open, 4, 4))));
  CHECK_FALSE(may_begin({group, NodeId(1), 3, 0}, table_with(route(RouteState::open, 3, 3))));
  CHECK(may_begin({group, NodeId(1), 0, 5}, table_with(route(RouteState::held, 4, 0))));
  CHECK_FALSE(may_begin({group, NodeId(1), 0, 4}, table_with(route(RouteState::open, 4, 4))));
}

TEST_CASE("place: the master only while the route is open and its epoch live") {
  CHECK(place_now(table_with(route(RouteState::open, 3, 3)), ListenerRole::master).tag.epoch == 3);
  CHECK(place_now(table_with(route(RouteState::open, 3, 2)), ListenerRole::master).verdict == Verdict::park);
  CHECK(place_now(table_with(route(RouteState::open, 0, 0)), ListenerRole::master).verdict == Verdict::park);
  CHECK(place_now(table_with(route(RouteState::held, 3, 3)), ListenerRole::master).verdict == Verdict::park);
  const auto closed = place_now(table_with(route(RouteState::closed, 3, 0)), ListenerRole::master);
  CHECK(closed.verdict == Verdict::refuse);
  CHECK(closed.reason == health::Reason::connection_lost);
}

TEST_CASE("place: readers by zone, then by load, and not again where the connect just failed") {
  const auto table = table_with(route(RouteState::open, 3, 3));
  const auto node_of = [&](auto... arguments) {
    return place_now(table, ListenerRole::readers, arguments...).tag.node;
  };
  CHECK(node_of("") == NodeId(1));
  CHECK(node_of("", std::vector{0, 2, 1}) == NodeId(2));
  CHECK(node_of("", std::vector{0, 0, 0}, NodeId(1)) == NodeId(2));
  CHECK(place_now(table, ListenerRole::readers).tag.reader_generation == 5);
  CHECK(place_now(table, ListenerRole::readers).tag.epoch == 0);
  const auto zoned = table_with(route(RouteState::open, 3, 3), {"a", "b", "c"});
  CHECK(place_now(zoned, ListenerRole::readers, "c", {0, 0, 9}).tag.node == NodeId(2));
  CHECK(place_now(zoned, ListenerRole::readers, "a", {0, 0, 9}).tag.node == NodeId(1));
}

TEST_CASE("group routes: a copy changes alone, and shares the rest") {
  GroupRoutes before;
  const auto settings = std::make_shared<const config::GroupSettings>();
  for (health::Epoch i = 0; i < 200; ++i) {
    health::Route route;
    route.live = i;
    before.push_back({route, settings});
  }
  GroupRoutes after = before;
  GroupRoute changed = after[130];
  changed.route.epoch = 7;
  after.replace(130, changed);
  CHECK(before.size() == 200);
  CHECK(after.size() == 200);
  for (std::uint16_t i = 0; i < 200; ++i) {
    CHECK(after[i].route.live == i);
    CHECK(before[i].route.epoch == 0);
    CHECK(after[i].route.epoch == (i == 130 ? 7 : 0));
    CHECK((&after[i] == &before[i]) == (i != 130));
  }
}

TEST_CASE("place: without a reader the master takes them, as a session of the master") {
  auto open = route(RouteState::open, 3, 3);
  for (auto& reader : open.readers) reader.accepts = false;
  const auto found = place_now(table_with(open), ListenerRole::readers);
  CHECK(found.verdict == Verdict::connect);
  CHECK(found.tag.node == NodeId(0));
  CHECK(found.tag.epoch == 3);
  open.state = RouteState::held;
  CHECK(place_now(table_with(open), ListenerRole::readers).verdict == Verdict::park);
}
