// See routing_table.hpp.
#include "proxy/dataplane/routing_table.hpp"

#include <utility>

#include "config/base/assert.hpp"

namespace sengu::proxy {

void GroupRoutes::push_back(GroupRoute group) {
  Block block = size_ % in_block == 0 ? Block() : *blocks_.back();
  if (size_ % in_block == 0) blocks_.emplace_back();
  block.push_back(std::make_shared<const GroupRoute>(std::move(group)));
  blocks_.back() = std::make_shared<const Block>(std::move(block));
  ++size_;
}

void GroupRoutes::replace(std::size_t group, GroupRoute with) {
  SENGU_ASSERT(group < size_);
  Block block = *blocks_[group / in_block];
  block[group % in_block] = std::make_shared<const GroupRoute>(std::move(with));
  blocks_[group / in_block] = std::make_shared<const Block>(std::move(block));
}

bool allowed(const SessionTag& session, const RoutingTable& table) {
  if (health::index(session.group) >= table.groups.size()) return false;
  const health::Route& route = table.groups[health::index(session.group)].route;
  if (session.epoch != 0) return session.epoch == route.live;
  if (session.reader_generation == 0 || health::index(session.node) >= route.readers.size()) return false;
  return route.readers[health::index(session.node)].generation == session.reader_generation;
}

bool may_relay(const SessionTag& session, const RoutingTable& table) {
  if (!allowed(session, table)) return false;
  return session.epoch == 0 || !table.groups[health::index(session.group)].route.suspended;
}

bool may_begin(const SessionTag& session, const RoutingTable& table) {
  if (!allowed(session, table)) return false;
  const health::Route& route = table.groups[health::index(session.group)].route;
  return session.epoch == 0 || (route.state == health::RouteState::open && route.master == session.node);
}

}  // namespace sengu::proxy
