#include "proxy/view/documents.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "config/base/printable.hpp"
#include "proxy/view/wall_time.hpp"

namespace sengu::proxy {
namespace {

namespace json = boost::json;

/// The wall time of a moment of the snapshot's steady clock.
std::string wall_text(const Snapshot& snapshot, health::Time then) {
  using std::chrono::duration_cast;
  return to_rfc3339(snapshot.wall - duration_cast<std::chrono::system_clock::duration>(snapshot.now - then));
}

json::value node_name(const GroupView& view, std::optional<health::NodeId> node) {
  if (!node || health::index(*node) >= view.settings->nodes.size()) return nullptr;
  return json::value(view.settings->nodes[health::index(*node)].name);
}

json::object node_object(const Snapshot& snapshot, const GroupView& view, std::size_t at) {
  const auto& settings = view.settings->nodes[at];
  const health::NodeStatus status = at < view.status.nodes.size() ? view.status.nodes[at] : health::NodeStatus{};
  const NodeTraffic traffic = at < view.traffic.nodes.size() ? view.traffic.nodes[at] : NodeTraffic{};
  json::object node;
  node["name"] = settings.name;
  node["address"] = sengu::to_string(settings.address);
  node["role"] = to_string(status.role);
  node["health"] = to_string(status.health);
  node["lag_bytes"] = status.lag_bytes ? json::value(*status.lag_bytes) : json::value(nullptr);
  node["lag_transactions"] = status.lag_transactions ? json::value(*status.lag_transactions) : json::value(nullptr);
  node["errant"] = status.errant.empty() ? json::value(nullptr) : json::value(status.errant);
  node["lag_seconds"] = status.lag_seconds ? json::value(*status.lag_seconds) : json::value(nullptr);
  node["sessions"] = traffic.sessions;
  node["sessions_total"] = traffic.sessions_total;
  node["since"] = wall_text(snapshot, status.since);
  node["outcome"] = to_string(status.last_outcome);
  node["rogue"] = status.rogue;
  node["priority"] = settings.priority;
  node["zone"] = settings.zone;
  node["server_id"] = status.server_id;
  node["text"] = printable(status.text);
  return node;
}

json::object if_master_died(const GroupView& view) {
  json::array rejected;
  for (const auto& rejection : view.status.rejected)
    rejected.push_back(json::object{{"node", node_name(view, rejection.node)},
                                    {"reason", to_string(rejection.reason)},
                                    {"text", describe(rejection.reason)}});
  const auto held_back = view.status.held_back;
  return {{"candidate", node_name(view, view.status.candidate)},
          {"rejected", std::move(rejected)},
          {"held_back", held_back == health::Reason::none ? json::value() : json::value(to_string(held_back))},
          {"held_back_text", held_back == health::Reason::none ? json::value() : json::value(describe(held_back))}};
}

json::value listen_text(const Endpoint& bound, const Endpoint& configured) {
  return json::value(sengu::to_string(bound.port == 0 ? configured : bound));
}

json::object group_object(const Snapshot& snapshot, const GroupView& view) {
  const auto& [settings, status, traffic, counts] = view;
  json::object group;
  group["name"] = settings->name;
  group["kind"] = to_string(settings->kind);
  group["epoch"] = status.epoch;
  group["route"] = json::object{{"state", to_string(status.route)},
                                {"since", wall_text(snapshot, status.route_since)},
                                {"reason", to_string(status.reason)},
                                {"text", describe(status.reason)}};
  group["master"] = node_name(view, status.master);
  group["listen"] = listen_text(traffic.bound_listen, settings->listen);
  group["read_listen"] =
      settings->read_listen ? listen_text(traffic.bound_read_listen, *settings->read_listen) : json::value(nullptr);
  group["mode"] = to_string(settings->failover.mode);
  group["paused"] = status.paused;
  group["tilt"] = status.tilt;
  group["journal_ok"] = status.journal_ok;
  group["parked"] = traffic.parked;
  group["phase"] = status.phase;
  group["last_reason"] = to_string(status.last_reason);
  group["last_reason_text"] = describe(status.last_reason);
  group["last_switch"] = counts.last_switch ? json::value(to_rfc3339(*counts.last_switch)) : json::value(nullptr);
  json::array nodes;
  for (std::size_t at = 0; at < settings->nodes.size(); ++at) nodes.push_back(node_object(snapshot, view, at));
  group["nodes"] = std::move(nodes);
  group["if_master_died"] = if_master_died(view);
  json::array findings;
  for (const auto& finding : status.findings) findings.push_back(json::value(printable(finding)));
  group["findings"] = std::move(findings);
  return group;
}

}  // namespace

json::object groups_document(const Snapshot& snapshot, std::optional<health::GroupId> only) {
  json::array groups;
  for (std::size_t at = 0; at < snapshot.groups.size(); ++at)
    if (!only || health::index(*only) == at) groups.push_back(group_object(snapshot, snapshot.groups[at]));
  return {
      {"version", 1}, {"proxy", snapshot.proxy}, {"time", to_rfc3339(snapshot.wall)}, {"groups", std::move(groups)}};
}

json::object operation_document(std::string_view result) { return {{"result", result}}; }

std::string_view to_string(config::Mode mode) {
  switch (mode) {
    case config::Mode::automatic: return "auto";
    case config::Mode::manual: return "manual";
    case config::Mode::observe: return "observe";
  }
  return "unknown";
}

std::string_view to_string(config::Kind kind) {
  switch (kind) {
    case config::Kind::redis: return "redis";
    case config::Kind::mysql: return "mysql";
    case config::Kind::tcp: return "tcp";
  }
  return "unknown";
}

}  // namespace sengu::proxy
