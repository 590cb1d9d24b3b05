// The immutable snapshot that the control thread publishes to the workers, and the pure rule they obey: which session
// may go on under it. Knows no socket; the simulator uses the same rule.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "health/core/route.hpp"
#include "health/ports.hpp"

namespace sengu::proxy {

/// What a session was connected under.
struct SessionTag {
  health::GroupId group;
  health::NodeId node;
  health::Epoch epoch = 0;             // of a session to the master; 0 for a reader
  std::uint32_t reader_generation = 0; // of a reader; 0 for a session to the master
};

struct GroupRoute {
  health::Route route;
  std::vector<Endpoint> nodes;         // by NodeId: where to connect
  std::vector<std::string> zones;      // by NodeId
};

/// By GroupId. A copy shares every group with its original, so that a table costs a pointer for each group that did not change:
/// at 3,000 groups a whole copy took a millisecond, and hundreds of groups may change in one.
class GroupRoutes {
 public:
  std::size_t size() const { return groups_.size(); }
  const GroupRoute& operator[](std::size_t group) const { return *groups_[group]; }
  const GroupRoute& at(std::size_t group) const { return *groups_.at(group); }
  void push_back(GroupRoute group) { groups_.push_back(std::make_shared<const GroupRoute>(std::move(group))); }
  /// In this copy alone.
  void replace(std::size_t group, GroupRoute with) { groups_.at(group) = std::make_shared<const GroupRoute>(std::move(with)); }

 private:
  std::vector<std::shared_ptr<const GroupRoute>> groups_;
};

struct RoutingTable {
  std::uint64_t serial = 0;
  GroupRoutes groups;
};

/// May this session live on under this table? (safety.md §1, invariant 1)
bool allowed(const SessionTag& session, const RoutingTable& table);

/// May it pass bytes at this moment? A session that is allowed but may not waits for the next table.
bool may_relay(const SessionTag& session, const RoutingTable& table);

/// May it begin? Stricter: while there is doubt about the master those that run go on, but nobody new is let in, since
/// the server behind the address may be another one by now (a SYN that is repeated across its restart reaches it).
bool may_begin(const SessionTag& session, const RoutingTable& table);

}  // namespace sengu::proxy
