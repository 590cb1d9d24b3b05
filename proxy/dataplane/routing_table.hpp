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
  health::Epoch epoch = 0;              // of a session to the master; 0 for a reader
  std::uint32_t reader_generation = 0;  // of a reader; 0 for a session to the master
};

/// All that a worker knows of a group. The settings come with the table too, so that their changes pass the same
/// barrier as routes.
struct GroupRoute {
  health::Route route;
  std::shared_ptr<const config::GroupSettings> settings;  // null only in the simulator, which asks allowed() alone
};

/// The groups of a table by GroupId, in blocks. A copy shares all blocks that do not change with its original. So a new
/// table costs a pointer for each block, and one for each group of the block in which a group changes. (At 3,000 groups
/// a whole copy takes a millisecond, and in a second hundreds of groups may change.)
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

  std::vector<std::shared_ptr<const Block>> blocks_;  // all full but the last
  std::size_t size_ = 0;
};

struct RoutingTable {
  std::uint64_t serial = 0;
  GroupRoutes groups;
};

/// May this session live on under this table? (RULES §1.1)
bool allowed(const SessionTag& session, const RoutingTable& table);

/// May this session pass bytes now? A session that is allowed() but may not pass bytes waits for the next table.
bool may_relay(const SessionTag& session, const RoutingTable& table);

/// May this session begin? Stricter than allowed(): while there is doubt about the master its running sessions go on,
/// but no new session begins, since another server may be behind the address by now (a SYN that is repeated across the
/// restart reaches that server).
bool may_begin(const SessionTag& session, const RoutingTable& table);

}  // namespace sengu::proxy
