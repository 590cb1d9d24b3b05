// A running sengu that only pretends: what the admin, HTTP and API tests ask.
#pragma once

#include <string>
#include <vector>

#include "proxy/control/operations.hpp"

namespace sengu::test {

inline config::GroupSettings a_group(const std::string& name) {
  config::GroupSettings group;
  group.name = name;
  group.listen = {"172.16.0.10", 6379};
  for (int i = 1; i <= 3; ++i) {
    config::NodeSettings node;
    node.name = "redis0" + std::to_string(i);
    node.address = {"10.0.0.1" + std::to_string(i), 6379};
    node.replication_address = node.address;
    group.nodes.push_back(node);
  }
  return group;
}

class FakeOperations : public proxy::Operations {
 public:
  FakeOperations() {
    all_settings.proxy.name = "proxy-a";
    all_settings.admin.listen = {"127.0.0.1", 0};
    all_settings.http.listen = {"127.0.0.1", 0};
    all_settings.groups = {a_group("sessions"), a_group("carts")};
    all_settings.groups[0].read_listen = Endpoint{"172.16.0.10", 6380};
  }

  /// Group 0 is healthy with redis01 as master; group 1 is closed.
  proxy::GroupView view(health::GroupId group) override { return health::index(group) == 0 ? healthy() : closed(); }
  proxy::Snapshot header() override {
    using namespace std::chrono_literals;
    proxy::Snapshot made;
    made.proxy = all_settings.proxy.name;
    made.now = health::Time(1000s);
    made.wall = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123));
    made.accept_errors["EMFILE"] = 2;
    made.control_loop_delay.counts[0] = 5;
    made.log_dropped = 3;
    return made;
  }
  proxy::Readiness readiness() override { return ready; }
  const proxy::EventHistory& events() const override { return history; }
  proxy::EventHistory& events() override { return history; }
  void submit(health::GroupId group, const health::Wish& wish, Done done) override {
    struct Name {
      std::string group;
      std::string operator()(const health::FailoverWish& one) const {
        return "failover " + group + " " + (one.to ? std::to_string(health::index(*one.to)) : "-") +
               (one.loss == health::LossPolicy::accept_loss ? " loss" : "");
      }
      std::string operator()(const health::RejoinWish& one) const {
        return "rejoin " + group + " " + std::to_string(health::index(one.node)) + (one.wipe ? " wipe" : "");
      }
      std::string operator()(const health::PauseWish&) const { return "pause " + group; }
      std::string operator()(const health::ResumeWish&) const { return "resume " + group; }
    };
    calls.push_back(std::visit(Name{std::to_string(health::index(group))}, wish));
    const bool is_failover = std::holds_alternative<health::FailoverWish>(wish);
    if (is_failover && !refuse.empty()) return done({health::Reason::no_good_replica, refuse});
    done({health::Reason::none, is_failover ? "OK redis02 is master" : "OK"});
  }
  const config::Settings& settings() const override { return all_settings; }
  /// As a test has left all_settings by then.
  const health::ConfiguredGroups& groups() const override {
    configured = hand_out();
    return configured;
  }

  /// Records an event as the app would.
  void happen(health::EventKind kind, const std::string& text) {
    proxy::RecordedEvent event;
    event.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123));
    event.kind = kind;
    event.group = "sessions";
    event.epoch = 7;
    event.text = text;
    history.record(event);
  }

  config::Settings all_settings;
  proxy::EventHistory history;
  proxy::Readiness ready{true, "ready"};
  std::vector<std::string> calls;
  std::string refuse;

 private:
  mutable health::ConfiguredGroups configured;

  health::ConfiguredGroups hand_out() const {
    return health::hand_out_ids(std::make_shared<const config::Settings>(all_settings));
  }

  proxy::GroupView healthy() const {
    using namespace std::chrono_literals;
    using health::NodeId;
    proxy::GroupView view;
    view.settings = hand_out()[0].settings;
    view.status.epoch = 7;
    view.status.route = health::RouteState::open;
    view.status.reason = health::Reason::master_ok;
    view.status.last_reason = health::Reason::master_ok;
    view.status.route_since = health::Time(688s);
    view.status.master = NodeId{0};
    view.status.phase = "steady";
    for (int i = 0; i < 3; ++i) {
      health::NodeStatus node;
      node.role = i == 0 ? health::Role::master : health::Role::replica;
      node.health = i == 2 ? health::Health::down : health::Health::up;
      node.since = health::Time(688s);
      node.server_id = "id" + std::to_string(i);
      node.last_outcome = health::Outcome::ok;
      node.offset = 10'000 - i * 2048;
      if (i > 0) node.lag_bytes = i * 2048, node.lag_seconds = i == 1 ? 0.0 : 12.5;
      view.status.nodes.push_back(node);
    }
    view.status.nodes[2].text = "bad \x01\xff byte";
    view.status.candidate = NodeId{1};
    view.status.rejected = {{NodeId{0}, health::Reason::is_master}, {NodeId{2}, health::Reason::node_down}};
    view.status.findings = {"redis03: no persistence"};
    view.traffic.nodes = {{12, 340}, {4, 50}, {0, 1}};
    view.traffic.cut[health::Reason::switched] = 9;
    view.traffic.refused[health::Reason::hold_full] = 1;
    view.traffic.bytes_client_to_server = 1000;
    view.traffic.connect_duration.counts = {1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 4};
    view.traffic.connect_duration.sum_seconds = 40.5;
    view.counts.probe_failures[{NodeId{2}, health::Outcome::l4_refused}] = 8;
    view.counts.failovers[{health::Reason::process_death, "done"}] = 1;
    view.counts.failovers[{health::Reason::silence, "aborted"}] = 1;
    view.counts.last_switch = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'699'999'688'123));
    return view;
  }
  proxy::GroupView closed() const {
    proxy::GroupView view;
    view.settings = hand_out()[1].settings;
    view.status.reason = health::Reason::two_masters;
    view.status.nodes.resize(3);
    view.traffic.nodes.resize(3);
    return view;
  }
};

}  // namespace sengu::test
