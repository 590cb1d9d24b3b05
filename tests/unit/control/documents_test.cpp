// The JSON documents: names and values as deploy/manual/reference.md has them; history; names and times.
#include "proxy/events/documents.hpp"
#include "proxy/view/documents.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "proxy/view/wall_time.hpp"
#include "tests/support/fake_operations.hpp"

using namespace sengu;
using namespace sengu::proxy;

TEST_CASE("api: the groups document") {
  test::FakeOperations operations;
  const auto document = groups_document(operations.snapshot());
  CHECK(document.at("version") == 1);
  CHECK(document.at("proxy") == "proxy-a");
  CHECK(document.at("time") == "2023-11-14T22:13:20.123Z");
  const auto& group = document.at("groups").as_array().at(0).as_object();
  CHECK(group.at("name") == "sessions");
  CHECK(group.at("kind") == "redis");
  CHECK(group.at("epoch") == 7);
  CHECK(group.at("route").as_object().at("state") == "open");
  CHECK(group.at("route").as_object().at("since") == "2023-11-14T22:08:08.123Z");
  CHECK(group.at("route").as_object().at("reason") == "master_ok");
  CHECK(group.at("master") == "redis01");
  CHECK(group.at("mode") == "auto");
  CHECK(group.at("last_switch") == "2023-11-14T22:08:08.123Z");
  const auto& node = group.at("nodes").as_array().at(2).as_object();
  CHECK(node.at("address") == "10.0.0.13:6379");
  CHECK(node.at("role") == "replica");
  CHECK(node.at("health") == "down");
  CHECK(node.at("lag_bytes") == 4096);
  CHECK(node.at("lag_seconds") == 12.5);
  CHECK(node.at("sessions") == 0);
  CHECK(node.at("text") == "bad ?? byte");
  CHECK(group.at("nodes").as_array().at(0).as_object().at("lag_bytes").is_null());
  const auto& plan = group.at("if_master_died").as_object();
  CHECK(plan.at("candidate") == "redis02");
  CHECK(plan.at("rejected").as_array().at(1).as_object().at("reason") == "node_down");
  CHECK(group.at("findings").as_array().size() == 1);
  CHECK(document.at("groups").as_array().at(1).as_object().at("master").is_null());
  CHECK(groups_document(operations.snapshot(), health::GroupId{1}).at("groups").as_array().size() == 1);
}

TEST_CASE("api: an event") {
  RecordedEvent event;
  event.id = 4;
  event.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(5));
  event.kind = health::EventKind::switch_master;
  event.group = "sessions";
  event.node = "redis02";
  event.epoch = 8;
  event.reason = health::Reason::process_death;
  event.text = "sessions 10.0.0.1 6379 \"x\"\n";
  CHECK(boost::json::serialize(event_document(event)) ==
        R"({"id":4,"time":"1970-01-01T00:00:00.005Z","event":"+switch-master","group":"sessions","node":"redis02",)"
        R"("epoch":8,"reason":"process_death","text":"sessions 10.0.0.1 6379 \"x\"?"})");
}

TEST_CASE("event_history: numbers, keeps the newest, tells followers that may go meanwhile") {
  EventHistory history;
  std::vector<std::uint64_t> told;
  std::uint64_t key = 0;
  key = history.follow([&](const RecordedEvent& event) {
    told.push_back(event.id);
    if (event.id == 2) history.unfollow(key);
  });
  for (std::size_t i = 0; i < EventHistory::capacity + 10; ++i) history.record({});
  CHECK(told == std::vector<std::uint64_t>{1, 2});
  CHECK(history.all().size() == EventHistory::capacity);
  CHECK(history.all().front().id == 11);
  CHECK(select_events(history, 4100, 100).front().id == 4101);
  CHECK(select_events(history, 0, 2).front().id == 4105);
  CHECK(select_events(history, 99999, 2).empty());
}

TEST_CASE("wall_time") {
  CHECK(to_rfc3339(*parse_rfc3339("2026-11-21T14:36:41.007Z")) == "2026-11-21T14:36:41.007Z");
  CHECK_FALSE(parse_rfc3339("2026-13-21T14:36:41.007Z"));
  CHECK_FALSE(parse_rfc3339("yesterday"));
  using namespace std::chrono_literals;
  CHECK(to_short_text(850ms) == "850ms");
  CHECK(to_short_text(312s) == "5m12s");
  CHECK(to_short_text(11100s) == "3h05m");
  CHECK(to_short_text(100h) == "4d04h");
}
