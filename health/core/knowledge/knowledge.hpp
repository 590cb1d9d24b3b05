// What a group knows: of each node the last observation and what led to it, the suspicion against the master, and the
// journal's record. The parts of health/core/group and the changes of health/core/change write it; judgement and doctor
// are pure functions over it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "health/core/knowledge/history.hpp"
#include "health/core/knowledge/schedule.hpp"
#include "health/core/knowledge/tracker.hpp"
#include "health/model/messages.hpp"
#include "health/model/observation.hpp"

namespace sengu::health {

/// Sentinel's bound for a replica that lost its master long ago (sentinel.c, sentinelSelectSlave): ten times
/// down-after-milliseconds before sengu lost the master itself.
constexpr int deaf_factor = 10;

/// Connects in a row that were refused, each over a connection of its own. Any answer, and any other failure, sets the
/// count to 0.
struct Refusals {
  int count = 0;
  Time first{};  // of the row; means nothing while count is 0
  Time last{};   // first <= last
};

/// What events and status have said of a node, so that a change is said once.
struct Shown {
  bool sdown = false;     // +sdown was said; any answer ends it
  bool unusable = false;  // +unusable was said: it answers, but with an error, loading or busy. Never beside sdown
  bool stranger = false;  // +stranger was said, -stranger not yet
  Time since{};           // of role and health
  std::optional<Time> loading_since;  // set exactly while its last INFO says loading:1
};

/// The probes of a node. While one is under way no second one is sent.
struct Probing {
  bool running = false;  // a Probe was sent, its ProbeDone has not come
  Time next{};           // the next probe is due then, however slow the cadence; max() once it was sent
  Time ended{};          // when the question of NodeView::last_asked ended
};

/// What the node was told to do, and how that ended. Written by tell() and the intake of StepDone; a failover that was
/// given up, a restart of the server and a new master also write refused_promotion and retry.
struct Told {
  std::optional<Step> step;   // the step that was told last, until its StepDone comes
  Time done{};                // of the last StepDone. An answer to an older question says nothing of the step
  int failures = 0;           // steps in a row that failed; a step that is done sets it to 0
  Time retry{};               // mending tells the node nothing before this; a new master resets it to the epoch
  std::string error;          // of the last failed step; an event says it once per change
  std::string rewrite_error;  // of the last CONFIG REWRITE; the doctor repeats it
  std::optional<Time> refused_promotion;  // when a promote of it failed; reset when its server restarts
};

/// The node as a replica of the present master.
struct Replica {
  std::optional<Time> heard_master;  // when the last INFO that showed its link to the present master up was asked for
  bool syncing = false;              // it was repointed, and its link was not seen up after that
  Time repointed{};                  // means something while `syncing`
  bool left_in_chain =
      false;  // it lost its role while replicas followed it: they are to follow the new master, not the chain
  bool stopped_by_us =
      false;  // MySQL: a step of ours may have stopped its threads; mending starts them until it is seen to replicate
  GtidSet errant;  // MySQL: transactions that it has and the master, asked later, lacks. Always empty on Redis
};

/// The node as a copy of the group's data, whatever its role. Redis only, but for `welcome`;
/// health/core/judgement/copies judges it.
struct Copy {
  std::optional<Time> fed;  // when the last INFO was asked for that showed the master, or a replica with its link up
  std::optional<HeldCopy> held;  // as of `fed`, or as of the journal; kept when the node is down or restarts
  bool journalled = false;       // `held` is of an earlier run
  std::uint64_t expiring = 0;    // of held.keys, how many had a time to live
  Milliseconds longest_ttl{0};   // ... and theirs, as ExpiringKeys::longest_ttl
  std::string taken_for_ours;    // the run id of the process that was last seen here and was no stranger
  bool emptied = false;          // it lost most of `held` while its offset stood still; a master that was promoted so
  bool welcome = false;          // the operator gave up what it holds: it may be told to follow; MySQL: what only its
                                 // relay log holds

  /// What `node` (a name) was seen to hold is the group's data.
  void hold(const std::string& node, const ServerInfo& seen);
};

/// The node as readers see it. A session carries the generation; when the node's changes, the session is cut.
struct Reader {
  std::uint32_t generation = 0;  // 0: no reader may stay. Never given twice in a group
  std::string server;            // the run id that the generation was given for
};

/// The node says master, and the journal names another.
struct Rogue {
  bool now = false;
  Time since{};  // +rogue-master was said then; means something while `now`
};

/// What a node was by its last answer before a stall of sengu.
enum class BeforeStall : std::uint8_t {
  gone,       // it did not answer
  of_no_use,  // loading, busy, or refused the login
  well,
};

/// After the start or a stall of sengu: was the node made a master meanwhile?
struct AroundStall {
  bool unseen = true;                      // it has not answered since, or the answer was not judged
  std::optional<std::string> was_replica;  // its run id, where it was a replica before
  BeforeStall before = BeforeStall::gone;
};

/// Other deciders that are connected to the node, as its server last told; on Redis also its settings and abilities,
/// read by the same exchange.
struct Deciders {
  std::vector<std::string> names;
  std::string untold;                       // why the server did not tell (NOPERM, ...); empty where it did
  bool pending = false;                     // a question is under way
  std::optional<Time> asked;                // when the last question was sent
  Time names_as_of{};                       // when the question was sent whose answer gave `names`
  std::optional<RedisSettings> redis;       // as last told; none where the server did not tell
  std::optional<RedisAbilities> abilities;  // as it told when it last answered; none: it never did

  bool told_since(Time at) const { return !pending && asked && *asked >= at; }
};

/// One node as last seen.
struct NodeView {
  explicit NodeView(const config::NodeSettings& node, const config::HealthPolicy& health)
      : settings(&node), tracker(health.rise, 2) {}

  const config::NodeSettings* settings;  // never null; outlives the group
  HealthTracker tracker;                 // up after `rise` good probes in a row
  std::optional<ServerInfo> info;  // the last INFO that was read whole; kept while the node is down. An answer to an
                                   // older question never replaces a newer
  Time info_asked{};               // when the question was sent that `info` answers
  Time info_answered{};            // info_asked <= info_answered
  std::optional<Outcome> outcome;  // of the last probe; none exactly until the first one has ended
  std::string text;                // its error line, for people
  Time last_asked{};               // when the latest ended question was sent, answered or not
  std::optional<Time> last_reply;  // when its last byte of any kind came; none: none came in this run
  Time silent_since{};  // silence counts from here: the last reply, the start, or the end of a stall of sengu
  Refusals refused;
  Shown shown;
  Probing probe;
  Told told;
  Replica replica;
  Copy copy;
  Reader reader;
  Rogue rogue;
  AroundStall stall;
  Deciders deciders;

  bool alive() const { return outcome && is_life(*outcome); }
  bool says(Role role) const { return info && info->role == role; }
};

/// What a replica has shown about its suspected master. All times are after the suspicion began.
struct Witness {
  std::optional<std::int64_t> progress;  // how much it had received from its master when last asked
  std::optional<Time> asked_actively;    // when it was told to rehandshake; reset once the link came back
  std::optional<Time> rehandshaken;  // when the rehandshake was done; none while it runs, and where its answer was lost
  std::optional<Time> hears;  // when the question was sent whose answer last proved that it hears the master; reset
                              // when its link is down
};

/// The master is in doubt since `began`. Kept until the master is in order again, or another one is confirmed.
struct Suspicion {
  Time began{};
  Reason cause = Reason::none;     // connection_lost or master_silent; only the former may follow the latter
  std::vector<Witness> witnesses;  // by NodeId; those of the master and of nodes that do not follow it stay empty
};

struct Knowledge {
  const config::GroupSettings* settings = nullptr;  // never null in a group; outlives it
  std::vector<NodeView> nodes;                      // by NodeId
  JournalRecord record;                             // as last handed to the journal; only change/record writes to it
  std::optional<NodeId> master;                     // record.master as a NodeId; none while the group has none
  bool master_verified = false;     // the very server of the record was seen as master over the present connection
  History history;                  // of the group's writes: candidates must share it
  std::int64_t history_offset = 0;  // the master's last seen offset in `history` (bytes; transactions)
  std::optional<ReplicationTls> replication_tls;  // MySQL: of the replica of the master that answered last, in this run
  std::optional<Suspicion> suspicion;
  Schedule schedule;     // MySQL: scheduled events
  bool resumed = false;  // this run found the record of a failover in progress, and has not gone on with it or back yet

  NodeView& node(NodeId id) { return nodes[index(id)]; }
  const NodeView& node(NodeId id) const { return nodes[index(id)]; }
  std::optional<NodeId> find_name(const std::string& name) const;
  /// The node that replicas know under this address.
  std::optional<NodeId> find_address(const Endpoint& address) const;
  /// The node that `node` replicates from.
  std::optional<NodeId> master_of(const NodeView& node) const;
  /// `node` replicates from `master` without a node between.
  bool follows_directly(const NodeView& node, NodeId master) const;
  /// `node` replicates from `master` directly, or through a chain of this group's nodes.
  bool follows(const NodeView& node, NodeId master) const;
};

constexpr NodeId node_id(std::size_t i) { return NodeId{static_cast<std::uint16_t>(i)}; }

/// Every node was asked at least once, and its probe ended.
bool all_asked(const Knowledge& knowledge);

/// MySQL: the same server was restarted after `before`: server_uuid outlives a restart, its up-time does not. Requires
/// that `seen` has an INFO.
bool was_restarted(const NodeView& before, const Observation& seen);

}  // namespace sengu::health
