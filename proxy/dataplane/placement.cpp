// See placement.hpp.
#include "proxy/dataplane/placement.hpp"

#include <tuple>

namespace sengu::proxy {
namespace {

using health::NodeId;
using health::RouteState;

Placement place_on_master(health::GroupId group, const health::Route& route) {
  if (route.state == RouteState::closed) return {Verdict::refuse, {}, route.reason};
  if (route.state == RouteState::open && route.master && route.epoch != 0 && route.live == route.epoch)
    return {Verdict::connect, {group, *route.master, route.epoch, 0}};
  return {Verdict::park, {}, route.reason};
}

std::optional<NodeId> best_reader(const Seeker& seeker, const GroupRoute& group, std::string_view own_zone,
                                  std::span<const std::atomic<std::uint64_t>> node_sessions) {
  const auto& nodes = group.settings->nodes;
  // Smaller is better: a node that just failed goes last, then one in another zone, then the busier one.
  const auto rank = [&](std::size_t i) {
    const bool other_zone = own_zone.empty() || nodes[i].zone != own_zone;
    const auto load = i < node_sessions.size() ? node_sessions[i].load(std::memory_order_relaxed) : 0;
    return std::tuple(seeker.avoid == NodeId(static_cast<std::uint16_t>(i)), other_zone, load, i);
  };
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < group.route.readers.size() && i < nodes.size(); ++i) {
    const auto& reader = group.route.readers[i];
    if (!reader.accepts || reader.generation == 0) continue;
    if (!best || rank(i) < rank(*best)) best = i;
  }
  if (!best) return std::nullopt;
  return NodeId(static_cast<std::uint16_t>(*best));
}

}  // namespace

Placement place(const Seeker& seeker, const RoutingTable& table, std::string_view own_zone,
                std::span<const std::atomic<std::uint64_t>> node_sessions) {
  const GroupRoute& group = table.groups[health::index(seeker.group)];
  if (seeker.role == ListenerRole::readers) {
    if (const auto node = best_reader(seeker, group, own_zone, node_sessions))
      return {Verdict::connect, {seeker.group, *node, 0, group.route.readers[health::index(*node)].generation}};
  }
  return place_on_master(seeker.group, group.route);
}

}  // namespace sengu::proxy
