// The admin port as a Redis Sentinel, read-only: the replies by which client libraries look up a master. Field names
// and their order are Sentinel's (sentinel.c, addReplySentinelRedisInstance). With announce = "vip" every address is
// that of one of our listeners, so clients stay behind the proxy; with "backend" every address is the server's own.
#include <algorithm>

#include <fmt/format.h>

#include "proxy/admin/words.hpp"

namespace sengu::proxy::admin {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

void write(AdminReply& reply, const Fields& fields) {
  reply.map(fields.size());
  for (const auto& [name, value] : fields) reply.bulk(name).bulk(value);
}

std::string milliseconds_since(health::Time now, health::Time then) {
  return std::to_string(std::max<std::int64_t>(0, std::chrono::duration_cast<Milliseconds>(now - then).count()));
}

bool is_wildcard(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

/// One of our own listeners as a client can reach it.
Endpoint reachable(const Endpoint& bound, const Endpoint& configured, const AdminClient& client) {
  Endpoint endpoint = bound.port == 0 ? configured : bound;
  if (is_wildcard(endpoint.host) && !client.local_host.empty()) endpoint.host = client.local_host;
  return endpoint;
}

Endpoint node_address(const GroupView& view, std::size_t node) { return view.settings->nodes[node].address; }

/// The routed master, else the node that was or says master, else the first one: Sentinel always names one.
std::size_t master_index(const GroupView& view) {
  if (view.status.master) return health::index(*view.status.master);
  const auto& nodes = view.status.nodes;
  const auto found = std::ranges::find(nodes, health::Role::master, &health::NodeStatus::role);
  return found == nodes.end() ? 0 : static_cast<std::size_t>(found - nodes.begin());
}

Endpoint master_address(const GroupView& view, const AdminCall& call) {
  if (call.operations.settings().admin.announce == config::Announce::vip)
    return reachable(view.traffic.bound_listen, view.settings->listen, call.client);
  return node_address(view, master_index(view));
}

health::NodeStatus node_status(const GroupView& view, std::size_t node) {
  return node < view.status.nodes.size() ? view.status.nodes[node] : health::NodeStatus{};
}

bool is_down(const health::NodeStatus& node) {
  using enum health::Health;
  return node.health == down || node.health == unknown || node.health == unusable;
}

/// Clients do not connect to a master with the flag s_down or o_down (node-redis: nor with failover_in_progress). While
/// the route is held they shall connect and be parked, so the master gets no such flag.
std::string master_flags(const GroupView& view) {
  return view.status.route == health::RouteState::closed ? "master,s_down,o_down" : "master";
}

struct Listed {  // a replica as it is announced
  Endpoint address;
  std::size_t node;
  bool usable;
};

/// With announce = "vip" the read listener stands for all replicas; without a read listener none is announced.
std::vector<Listed> replicas_of(const GroupView& view, const AdminCall& call) {
  std::vector<Listed> listed;
  const auto master = master_index(view);
  for (std::size_t node = 0; node < view.settings->nodes.size(); ++node)
    if (node != master) listed.push_back({node_address(view, node), node, !is_down(node_status(view, node))});
  if (call.operations.settings().admin.announce == config::Announce::backend || listed.empty()) return listed;
  if (!view.settings->read_listen) return {};
  const auto best = std::ranges::max_element(listed, {}, &Listed::usable);
  return {
      {reachable(view.traffic.bound_read_listen, *view.settings->read_listen, call.client), best->node, best->usable}};
}

Fields common_fields(const Snapshot& snapshot, const std::string& name, const Endpoint& address,
                     const health::NodeStatus& node, std::string flags) {
  const auto since = milliseconds_since(snapshot.now, node.since);
  Fields fields{{"name", name},
                {"ip", address.host},
                {"port", std::to_string(address.port)},
                {"runid", node.server_id},
                {"flags", std::move(flags)},
                {"link-pending-commands", "0"},
                {"link-refcount", "1"},
                {"last-ping-sent", "0"},
                {"last-ok-ping-reply", is_down(node) ? since : "0"},
                {"last-ping-reply", "0"}};
  if (is_down(node)) fields.emplace_back("s-down-time", since);
  return fields;
}

Fields master_fields(const Snapshot& snapshot, const GroupView& view, const AdminCall& call) {
  const auto node = node_status(view, master_index(view));
  auto fields = common_fields(snapshot, view.settings->name, master_address(view, call), node, master_flags(view));
  const Fields rest{{"down-after-milliseconds", std::to_string(view.settings->health.down_after.count())},
                    {"info-refresh", "0"},
                    {"role-reported", "master"},
                    {"role-reported-time", milliseconds_since(snapshot.now, node.since)},
                    {"config-epoch", std::to_string(view.status.epoch)},
                    {"num-slaves", std::to_string(replicas_of(view, call).size())},
                    {"num-other-sentinels", "0"},
                    {"quorum", "1"},
                    {"failover-timeout", std::to_string(view.settings->failover.cooldown.count())},
                    {"parallel-syncs", std::to_string(view.settings->failover.parallel_syncs)}};
  fields.insert(fields.end(), rest.begin(), rest.end());
  return fields;
}

Fields replica_fields(const Snapshot& snapshot, const GroupView& view, const Listed& listed, const AdminCall& call) {
  const auto node = node_status(view, listed.node);
  const auto master = master_address(view, call);
  auto fields = common_fields(snapshot, sengu::to_string(listed.address), listed.address, node,
                              listed.usable ? "slave" : "slave,s_down,disconnected");
  const bool linked = node.lag_seconds && *node.lag_seconds == 0;
  const auto lag_ms = node.lag_seconds ? static_cast<std::int64_t>(*node.lag_seconds * 1000) : 0;
  const Fields rest{{"down-after-milliseconds", std::to_string(view.settings->health.down_after.count())},
                    {"info-refresh", "0"},
                    {"role-reported", node.role == health::Role::master ? "master" : "slave"},
                    {"role-reported-time", milliseconds_since(snapshot.now, node.since)},
                    {"master-link-down-time", std::to_string(lag_ms)},
                    {"master-link-status", linked ? "ok" : "err"},
                    {"master-host", master.host},
                    {"master-port", std::to_string(master.port)},
                    {"slave-priority", std::to_string(view.settings->nodes[listed.node].priority)},
                    {"slave-repl-offset", std::to_string(node.offset.value_or(0))},
                    {"replica-announced", "1"}};
  fields.insert(fields.end(), rest.begin(), rest.end());
  return fields;
}

constexpr std::string_view no_such_master = "ERR No such master with that name";

}  // namespace

void info(AdminCall call) {
  const auto snapshot = call.operations.snapshot();
  const bool tilt = std::ranges::any_of(snapshot.groups, [](const auto& view) { return view.status.tilt; });
  std::string text = fmt::format(
      "# Server\r\nredis_version:7.0.15\r\nredis_mode:sentinel\r\nsengu_version:{}\r\n\r\n# Sentinel\r\n"
      "sentinel_masters:{}\r\nsentinel_tilt:{}\r\nsentinel_running_scripts:0\r\nsentinel_scripts_queue_length:0\r\n",
      SENGU_VERSION, snapshot.groups.size(), tilt ? 1 : 0);
  for (std::size_t at = 0; at < snapshot.groups.size(); ++at) {
    const auto& view = snapshot.groups[at];
    const bool down = view.status.route == health::RouteState::closed;
    text += fmt::format("master{}:name={},status={},address={},slaves={},sentinels=1\r\n", at, view.settings->name,
                        down ? "odown" : "ok", sengu::to_string(master_address(view, call)),
                        replicas_of(view, call).size());
  }
  AdminReply reply(call.client.protocol);
  answer(call, reply.bulk(text));
}

void role(AdminCall call) {
  const auto& groups = call.operations.groups();
  AdminReply reply(call.client.protocol);
  reply.array(2).bulk("sentinel").array(groups.size());
  for (const auto& group : groups) reply.bulk(group.settings->name);
  answer(call, reply);
}

void sentinel_master_address(AdminCall call) {
  const auto group = find_group(call.operations, call.arguments[2]);
  AdminReply reply(call.client.protocol);
  if (!group) return answer(call, reply.null_array());
  const auto address = master_address(call.operations.view(group->id), call);
  answer(call, reply.array(2).bulk(address.host).bulk(std::to_string(address.port)));
}

void sentinel_masters(AdminCall call) {
  const auto snapshot = call.operations.snapshot();
  AdminReply reply(call.client.protocol);
  reply.array(snapshot.groups.size());
  for (const auto& view : snapshot.groups) write(reply, master_fields(snapshot, view, call));
  answer(call, reply);
}

void sentinel_master(AdminCall call) {
  const auto group = find_group(call.operations, call.arguments[2]);
  if (!group) return answer_error(call, no_such_master);
  const auto snapshot = call.operations.snapshot_of(group->id);
  AdminReply reply(call.client.protocol);
  write(reply, master_fields(snapshot, snapshot.groups.front(), call));
  answer(call, reply);
}

void sentinel_replicas(AdminCall call) {
  const auto group = find_group(call.operations, call.arguments[2]);
  if (!group) return answer_error(call, no_such_master);
  const auto snapshot = call.operations.snapshot_of(group->id);
  const auto& view = snapshot.groups.front();
  const auto listed = replicas_of(view, call);
  AdminReply reply(call.client.protocol);
  reply.array(listed.size());
  for (const auto& replica : listed) write(reply, replica_fields(snapshot, view, replica, call));
  answer(call, reply);
}

}  // namespace sengu::proxy::admin
