// A modelled Redis or MySQL group under a virtual clock, with the real Group in the middle: it carries out the group's
// commands as servers, workers and journal would, and checks the invariants of ARCHITECTURE.md after every step.
// Scenarios and the exhaustive test drive it; copying a world branches it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "health/core/group/group.hpp"

namespace sengu::test {

using health::Time;

/// How a server comes back: with all its data (from an AOF, which tells no history), with what it saved (from an RDB,
/// which does), or with nothing.
enum class Memory : std::uint8_t { kept, saved, lost };

/// What only a server of MySQL has (model_sql.cpp).
struct ModelSql {
  struct Batch {
    Time due{};
    health::GtidSet gtids;
  };
  std::string uuid;
  int written = 0;  // transactions of its own
  health::GtidSet executed, received;
  std::vector<Batch> relay_log;  // received, not applied yet
  health::Duration applies_after{0};
  std::chrono::seconds delay{0};  // SOURCE_DELAY
  bool mariadb = false;           // it says that it is one
  bool writable = false;
  bool closed_by_hand = false;  // a person set read_only on this process, and has not taken it back
  bool receiving = true;        // the IO thread
  bool applying = true;         // the SQL thread
  std::string apply_error;
  health::SemiSync source = health::SemiSync::absent;  // the two sides of semi-synchronous replication
  health::SemiSync replica = health::SemiSync::absent;
  int waiting = 0;  // its last transactions, each of a session that waits for an acknowledgement: not executed yet
  Time started{};
  std::optional<health::ScheduledEvents> events;  // none: questions for them get no answer
};

struct ModelNode {
  ModelSql sql;
  bool running = true;
  bool frozen = false;
  bool reachable = true;  // from sengu; the nodes always hear each other
  health::Role role = health::Role::replica;
  int follows = -1;  // index of its master
  bool link_up = false;
  bool syncing = false;
  int runs = 1;  // makes the run id
  std::string replid;
  std::string replid2;
  std::int64_t second_offset = -1;
  std::int64_t offset = 0;
  std::uint64_t keys = 0;
  std::uint64_t missing = 0;   // keys of its master that it has not: a hand deleted them here
  std::uint64_t expiring = 0;  // keys with a time to live
  Milliseconds ttl{0};
  struct Saved {
    std::string replid;
    std::int64_t offset = 0;
    std::uint64_t keys = 0;
  } saved;                         // its RDB
  std::optional<Time> down_since;  // of its link, where it was up once
  int priority = 100;
  health::Outcome answers = health::Outcome::ok;
  Time reconnect_at{};
  bool pointed_by_sengu = false;
  bool refuses = false;                           // every REPLICAOF, with an error
  bool save_failed = false;                       // it would refuse every write
  std::vector<std::string> deciders;              // connected to it
  std::optional<health::RedisSettings> settings;  // what it tells of them
  bool knows_no_fence = false;                    // Redis before 6.2 has no CLIENT PAUSE ... WRITE
};

class World {
 public:
  explicit World(const config::GroupSettings& settings);
  World(const World& other) = default;

  void start();
  /// Lets time pass until everything due has happened.
  void run(health::Duration duration);
  // Faults, all at the present instant.
  void kill(int node);
  void restart(int node, Memory memory);
  void freeze(int node);
  void thaw(int node);
  void cut_path(int node);
  void heal_path(int node);
  void write(int node, int count);
  void deafen(int node);     // its link to its master goes down and stays so
  void mend_link(int node);  // ... until now
  void save(int node);
  void delete_keys(int node, std::uint64_t count);  // by hand, on a replica
  /// Another application's server answers under its address.
  void be_a_stranger(int node, std::uint64_t keys);
  void make_master_by_hand(int node);
  void follow_by_hand(int node, int master) { follow(node, master); }
  void restart_sql(int node, Memory memory);
  void close_by_hand(int node);  // SET GLOBAL read_only=ON
  void open_by_hand(int node);
  void lose_tail(int node, int count);  // its host crashed, sync_binlog was off
  void wait_for_acknowledgement(int index, int count);
  void acknowledge(int index);
  void schedule_events();  // shop.sum is enabled and shop.purge disabled, on the first node; the others replicate both
  void client_kill(int node);  // sengu's kept connection only
  void restart_sengu();
  void damage_journal();  // both slots: found at the next restart
  void stall_sengu(health::Duration duration);
  void input(const health::Input& input);

  /// What the group said since the last call, one line each, with the time since `since`.
  std::vector<std::string> take_log();
  Time now() const { return now_; }
  const health::Route& applied_route() const { return applied_; }
  health::GroupStatus status() const { return group_->status(now_); }
  int master() const;  // the routed one, or -1
  std::vector<ModelNode> nodes;
  std::vector<std::string> violations;
  bool journal_works = true;
  bool restarts_read_only = true;  // MySQL, by its configuration
  bool loss_accepted = false;      // by the operator: what he takes is no violation
  bool operator_acts = false;      // ... told sengu to: what follows from it is no violation of pause or observe

 private:
  void after(health::Duration delay, std::function<void(World&)> action);
  void feed(const health::Input& input);
  void apply(const health::Commands& commands);
  void execute(const health::Probe& probe);
  void execute(const health::Publish& publish);
  void execute(const health::WriteJournal& write);
  void execute(const health::RunStep& step);
  void execute(const health::AskDeciders& question);
  void execute(const health::AskEvents& question);
  void execute(const health::Emit& emit);
  void execute(const health::Answer& answer);
  void carry_out(const health::RunStep& step);
  void probe_answer(health::NodeId id, Time asked, std::uint64_t life);
  void follow(int node, int master);
  void drop_link(int node);
  void replicate();
  void sync(ModelNode& node, const ModelNode& master);
  // of MySQL
  bool is_sql() const { return settings_->kind == config::Kind::mysql; }
  void begin_sql();
  void carry_out_sql(const health::RunStep& step);
  health::Duration answers_after(const health::RunStep& step) const;
  void replicate_sql(ModelNode& node, const ModelNode& master);
  void apply_sql(ModelNode& node);
  void follow_events_sql(const ModelNode& master, const health::ScheduledEvents& wanted);
  void tell_sql(int node, health::ServerInfo& info) const;
  void check_promote_sql(int target);
  void check_by_hand_is_kept(const health::RunStep& step);
  health::ServerInfo info_of(int node) const;
  void check_step(const health::RunStep& step);
  void check_promote(int target);
  void check_route(const health::Route& route);
  void check_data(int routed, health::Reason reason);
  void violation(const std::string& what);
  void say(const std::string& line);
  std::string name(int node) const { return settings_->nodes[static_cast<std::size_t>(node)].name; }

  const config::GroupSettings* settings_;
  struct Copied {  // a Group that copies by value
    Copied() = default;
    Copied(const Copied& other) : group(other.group ? std::make_unique<health::Group>(*other.group) : nullptr) {}
    Copied& operator=(health::Group&& g) {
      group = std::make_unique<health::Group>(std::move(g));
      return *this;
    }
    health::Group* operator->() const { return group.get(); }
    std::unique_ptr<health::Group> group;
  };
  Copied group_;
  Time now_{std::chrono::hours(1)};
  std::map<std::pair<Time, std::uint64_t>, std::shared_ptr<const std::function<void(World&)>>> pending_;
  std::uint64_t order_ = 0;
  std::uint64_t life_ = 0;  // of sengu: answers to an earlier life are lost
  std::optional<health::JournalRecord> durable_;
  health::JournalFound found_ = health::JournalFound::sound;
  health::Route applied_;
  health::Epoch highest_epoch_ = 0;
  std::vector<std::string> log_;
  Time log_since_{};
};

/// Nodes a, b, c, ...; a is master with ten keys.
config::GroupSettings group_of(int nodes);

/// What an operator asks for, as an input.
inline health::Input order(health::Wish wish) { return health::Order{health::RequestId{1}, std::move(wish)}; }

}  // namespace sengu::test
