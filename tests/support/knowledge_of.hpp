// What a group of three knows in the moment in which its master is lost, for tests of the pure judgements over it: each
// breaks one thing and looks at what the judgement makes of it.
#pragma once

#include "health/core/knowledge/knowledge.hpp"
#include "tests/support/model_world.hpp"

namespace sengu::test {

/// a is master with 100 bytes of history "h" and ten keys; b and c follow it, up to date, seen at `seen`.
struct Known {
  static constexpr health::NodeId a{0}, b{1}, c{2};
  health::Time seen{std::chrono::hours(1)};
  config::GroupSettings settings = group_of(3);
  health::Knowledge knowledge;

  Known() {
    knowledge.settings = &settings;
    for (const auto& node : settings.nodes) knowledge.nodes.emplace_back(node, settings.health);
    knowledge.master = a;
    knowledge.master_verified = true;
    knowledge.record.master = "a";
    knowledge.record.replid = "h";
    knowledge.record.server_id = "run-a";
    knowledge.history.replid = "h";
    knowledge.history_offset = 100;
    for (const auto id : {a, b, c}) be_seen(id);
  }
  Known(const Known&) = delete;  // knowledge points into settings

  health::NodeView& node(health::NodeId id) { return knowledge.node(id); }
  health::ServerInfo& info(health::NodeId id) { return *node(id).info; }

  void be_seen(health::NodeId id) {
    health::NodeView& view = node(id);
    health::ServerInfo info;
    info.role = id == a ? health::Role::master : health::Role::replica;
    info.run_id = "run-" + view.settings->name;
    info.replid = "h";
    info.offset = 100;
    info.keys = 10;
    if (id != a) {
      info.master = settings.nodes[0].replication_address;
      info.link_up = true;
      view.replica.heard_master = seen;
    }
    view.info = info;
    view.copy.held = health::HeldCopy{view.settings->name, info.run_id, info.keys, info.offset, 0};
    view.copy.fed = seen;
    view.outcome = health::Outcome::ok;
    view.info_asked = view.last_asked = view.probe.ended = view.silent_since = seen;
    view.last_reply = seen;
    while (!view.tracker.up()) view.tracker.good();
  }
  /// At `at` its link to its master has been down for so long.
  void link_down(health::NodeId id, health::Time at, std::chrono::seconds down_for = std::chrono::seconds(0)) {
    info(id).link_up = false;
    info(id).link_down_for = down_for;
    node(id).info_asked = node(id).last_asked = at;
  }
};

inline constexpr auto a = Known::a, b = Known::b, c = Known::c;

}  // namespace sengu::test
