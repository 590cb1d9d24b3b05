// What a group knows: of each node the last observation and what led to it, the suspicion against the master, and
// the journal's record. Only Group changes it; evidence, candidate, adoption and repairs are pure functions over it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "health/core/knowledge/history.hpp"
#include "health/core/knowledge/tracker.hpp"
#include "health/model/messages.hpp"
#include "health/model/observation.hpp"

namespace sengu::health {

/// Sentinel's bound for a replica that lost its master long ago (sentinel.c, sentinelSelectSlave): ten times
/// down-after-milliseconds before we lost it ourselves.
constexpr int deaf_factor = 10;

/// Who else may decide about a node, as its server last told.
struct Deciders {
  std::vector<std::string> names;
  std::string untold;                 // why it could not say (NOPERM, ...)
  bool pending = false;               // asked, not told yet
  std::optional<Time> asked;          // the last question
  Time named{};                       // when that was asked which was last answered with names

  bool told_since(Time at) const { return !pending && asked && *asked >= at; }
};

/// What a node was when a stall of ours ended, by its last answer before.
enum class BeforeStall : std::uint8_t {
  gone,        // it did not answer
  of_no_use,   // loading, busy, or it did not let sengu in
  well,
};

/// One node as last seen.
struct NodeView {
  explicit NodeView(const config::NodeSettings& node, const config::HealthPolicy& health)
      : settings(&node), tracker(health.rise, 2) {}

  const config::NodeSettings* settings;
  HealthTracker tracker;
  std::optional<ServerInfo> info;     // the last INFO that was read whole
  Time info_asked{};                  // when that INFO was asked for
  Time info_answered{};
  std::optional<Outcome> outcome;     // of the last probe; none before the first
  std::string text;                   // its error line
  Time last_asked{};                  // of the last probe that ended
  Time last_answered{};
  std::optional<Time> last_reply;     // the last byte of any kind
  Time silent_since{};                // silence counts from here: last_reply, start, or the end of a stall
  bool sdown = false;                 // reported as down
  bool unusable = false;              // reported as alive, but of no use (LOADING, BUSY, an error)
  Time since{};                       // of role and health, for status
  std::optional<Time> loading_since;

  // refusals in a row, each of a fresh connect
  int refusals = 0;
  Time first_refusal{};
  Time last_refusal{};

  // when it last was seen with its link to the current master up
  std::optional<Time> heard_master;

  // probing
  bool probing = false;
  Time next_probe{};

  // steps
  std::optional<Step> step;           // runs on it now
  Time step_done{};                   // when its last step ended
  bool syncing_after_repoint = false; // repointed, its link not seen up yet
  Time repointed{};
  int step_failures = 0;              // in a row
  Time step_retry{};                  // not told again before this, under the same master
  std::string step_error;             // of the last failed step
  std::optional<Time> refused_promotion;  // it could not be made a master
  std::string rewrite_error;          // of the last CONFIG REWRITE; the doctor repeats it

  // readers
  std::uint32_t reader_generation = 0;
  std::string reader_server;          // run id that the generation was given for
  bool rogue = false;
  Time rogue_since{};
  bool unseen = true;                 // since the start, or since a stall of ours
  std::optional<std::string> replica_before_stall;  // its run id, where it was a replica then
  BeforeStall before_stall = BeforeStall::gone;
  bool stopped_by_us = false;         // MySQL: its IO thread, perhaps both; started again where its source stays what it is
  GtidSet errant;                     // MySQL: beside a master that was seen later
  bool left_replicas = false;         // it lost its role while replicas followed it: they go to the new master, no chain

  Deciders deciders;
  std::optional<RedisSettings> redis;  // as last told with them; none where it did not say

  bool alive() const { return outcome && is_life(*outcome); }
  bool says(Role role) const { return info && info->role == role; }
};

/// How a replica stands to the suspicion against its master.
struct Witness {
  std::optional<std::int64_t> progress;  // what it had heard when last asked after the suspicion began
  std::optional<Time> asked_actively; // rehandshake sent
  std::optional<Time> rehandshaken;   // rehandshake done
  std::optional<Time> hears;          // last proof that it hears the master
};

/// The master is not in order since `began`.
struct Suspicion {
  Time began{};
  Reason cause = Reason::none;        // connection_lost | master_silent
  std::vector<Witness> witnesses;     // by NodeId
};

struct Knowledge {
  const config::GroupSettings* settings = nullptr;
  std::vector<NodeView> nodes;
  JournalRecord record;               // the journal's, as last written
  std::optional<NodeId> master;       // record.master as an index; none while the group has none
  bool master_verified = false;       // it was seen as the very server of the record, over the present connection
  History history;                    // what the group's writes are in: candidates must share it
  std::int64_t history_offset = 0;    // last offset of the master seen in it (bytes; transactions)
  bool master_regressed = false;      // MySQL: the same server, and it lacks what it, or a replica, had: as if it were another
  bool master_unjudged = false;       // MySQL: seen for the first time, or restarted; not compared with the replicas yet
  GtidSet must_hold;                  // ... what they had then
  std::optional<Time> must_hold_by;   // ... and until when it is given time to have it
  std::optional<std::uint64_t> keys_seen;  // the master's keys when last seen; none since sengu started
  std::optional<Suspicion> suspicion;
  bool resumed = false;               // the record told of a failover in progress

  NodeView& node(NodeId id) { return nodes[index(id)]; }
  const NodeView& node(NodeId id) const { return nodes[index(id)]; }
  std::optional<NodeId> find_name(const std::string& name) const;
  /// The node that replicas know under this address.
  std::optional<NodeId> find_address(const Endpoint& address) const;
  /// The node that it replicates from.
  std::optional<NodeId> master_of(const NodeView& node) const;
  /// `node` replicates from `master` without a node between.
  bool follows_directly(const NodeView& node, NodeId master) const;
  /// ... or through a chain of this group's nodes.
  bool follows(const NodeView& node, NodeId master) const;
};

/// A new server under the master's name without (most of) its data (safety.md §6.1).
bool is_emptied(const Knowledge& knowledge, const ServerInfo& returned);

}  // namespace sengu::health
