// The immutable snapshot that the control thread publishes to the workers, and the pure rule they obey: which session
// may go on under it. Knows no socket; the simulator uses the same rule.
#pragma once

#include <memory>
#include <vector>

#include "config/settings.hpp"
#include "health/model/ports.hpp"
#include "health/model/route.hpp"

namespace sengu::proxy {

/// What a session was connected under.
struct SessionTag {
  health::GroupId group;
  health::NodeId node;
  health::Epoch epoch = 0;             // of a session to the master; 0 for a reader
  std::uint32_t reader_generation = 0; // of a reader; 0 for a session to the master
};

/// What a worker knows of a group: all of it comes with the table, so that the barrier orders a change of settings too.
struct GroupRoute {
  health::Route route;
  std::shared_ptr<const config::GroupSettings> settings;   // null only in the simulator, which asks allowed() alone
};

/// By GroupId. A copy shares with its original all that does not change, in blocks: a table costs a pointer for each block, and one
/// for each group of the block in which one changes. (At 3,000 groups a whole copy takes a millisecond, and in a second hundreds
/// of groups may change.)
class GroupRoutes {
 public:
  std::size_t size() const { return size_; }
  const GroupRoute& operator[](std::size_t group) const { return *(*blocks_[group / in_block])[group % in_block]; }
  void push_back(GroupRoute group);
  /// In this copy alone.
  void replace(std::size_t group, GroupRoute with);

 private:
  static constexpr std::size_t in_block = 64;
  using Block = std::vector<std::shared_ptr<const GroupRoute>>;

  std::vector<std::shared_ptr<const Block>> blocks_;   // all full but the last
  std::size_t size_ = 0;
};

struct RoutingTable {
  std::uint64_t serial = 0;
  GroupRoutes groups;
};

/// May this session live on under this table? (RULES §1.1)
bool allowed(const SessionTag& session, const RoutingTable& table);

/// May it pass bytes at this moment? A session that is allowed but may not waits for the next table.
bool may_relay(const SessionTag& session, const RoutingTable& table);

/// May it begin? Stricter: while there is doubt about the master sessions that run go on, but no new one is let in, since
/// the server behind the address may be another one by now (a SYN that is repeated across its restart reaches it).
bool may_begin(const SessionTag& session, const RoutingTable& table);

}  // namespace sengu::proxy
