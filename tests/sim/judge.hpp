// The invariants (health/RULES.md, ARCHITECTURE.md), asked at every step of a run: at each relayed byte, promote,
// route, journal record, and at each data set that is replaced. It knows the truth about every server, which sengu does
// not.
#pragma once

#include "tests/sim/sengu.hpp"

namespace sengu::sim {

inline std::size_t at(int index) { return static_cast<std::size_t>(index); }

class MysqlServer;

class Judge final : public Observer {
 public:
  struct Ports {
    Timeline& timeline;
    Network& network;
    std::vector<std::unique_ptr<Server>>& servers;
    const config::GroupSettings& settings;
    std::function<void(const std::string&)> say;
  };
  explicit Judge(const Ports& ports) : ports_(ports), touched_(ports.settings.nodes.size() + 1) {}
  void watch(Sengu& sengu) { sengu_ = &sengu; }

  // --- what the process does ---
  void on_seen(health::NodeId node, const health::Observation& seen, const Reply& reply) override;
  void on_step(const health::RunStep& step) override;
  void on_publish(const health::Route& route) override;
  void on_intent(const health::JournalRecord& record) override;
  void on_journal(const health::JournalRecord& record) override;
  void on_relay(health::Epoch epoch, int server, const Reply& reply) override;
  void on_start(const std::optional<health::JournalRecord>& found) override;

  // --- what happens to the servers ---
  void on_flush(Server& server);
  /// A fault touched this host (network.hpp) just now: nothing is expected of it for a while.
  void touch(int host) { touched_[static_cast<std::size_t>(host)] = ports_.timeline.now(); }
  /// A fault destroyed data: what nobody holds any more is nobody's fault.
  void forgive_what_is_gone();
  /// It came back with less than it had.
  void lost_data(const Server& server) {
    regressed_[static_cast<std::size_t>(server.index())] = {ports_.timeline.now(), was_seen_with_more(server)};
  }
  void journal_lost() {
    durable_.reset();
    highest_ = promoted_ = 0;
    journal_lost_ = ports_.timeline.now();
  }
  /// Somebody typed REPLICAOF on it: what its new master does to it, and to those below it, is that person's doing.
  void pointed_by_hand(const Server& server) { by_hand_[static_cast<std::size_t>(server.index())] = true; }
  /// Somebody made it a master, or a replica. Of a server that restarted before sengu saw it again nobody can tell.
  void role_changed_by_hand(const Server& server) {
    const auto status = sengu_->status();
    if (status && status->nodes[static_cast<std::size_t>(server.index())].server_id != server.run_id()) return;
    if (is_mysql() && seen_[static_cast<std::size_t>(server.index())].life != server.life()) return;
    Change& change = changed_by_hand_[static_cast<std::size_t>(server.index())];
    change = {ports_.timeline.now(), highest_, promotions_, server.life(), change.at};
  }
  /// Another decider is connected to every server, from now on or no more.
  void sentinel_came() { sentinel_since_ = ports_.timeline.now(); }
  void sentinel_went() {
    sentinel_since_.reset();
    sentinel_until_ = ports_.timeline.now();
  }
  std::optional<Time> sentinel_since() const { return sentinel_since_; }
  void operator_acts() { operator_acted_ = true; }
  void operator_accepts_loss() { loss_accepted_ = true; }

  /// It is the journal's master.
  bool is_rightful(const Server& server) const { return durable_ && durable_->master == server.name(); }

  /// Asked when all has been well for long, and before people help.
  void check_fence_is_undone();
  /// Asked now and then.
  void check_liveness();

  // --- the end ---
  void check_end();
  const std::vector<std::string>& violations() const { return violations_; }
  std::size_t acknowledged() const { return acked_.size(); }
  int lost() const { return lost_; }
  int promotions() const { return promotions_; }
  /// How many required writes this server holds.
  std::size_t holds(const Server& server) const;

 private:
  void violation(const std::string& what);
  bool is_calm(int host) const;
  bool reachable(const Server& server) const;
  bool is_fit(const Server& server) const;
  bool was_led_by_hand(const Server& server, const Server& to) const;
  using Holders = std::vector<std::pair<const Server*, std::vector<bool>>>;  // and which writes each holds
  std::vector<bool> set_of(const Server& server) const;
  Holders holders(const std::function<bool(const Server&)>& which) const;
  static bool is_in_any(const Holders& holders, WriteId write);
  void excuse(WriteId write);
  bool may_lose(const Server& chosen, const std::string& what) const;
  void check_promote(const health::RunStep& step);
  void check_after_a_stall(int server);
  bool is_seen_stranger(const Server& server) const;
  void check_stranger(const health::RunStep& step);
  void check_stale(const Server& target);
  void check_old_master_is_gone(const std::string& what);
  void check_amnesia_order(const health::RunStep& step);
  void check_all_told(int emptied);
  bool emptied_unseen(const Server& chosen, const Server& other) const;
  void check_kept(const Server& chosen, const std::string& what);
  int by_name(const std::string& name) const;
  // --- MySQL (mysql_judge.cpp) ---
  bool is_mysql() const { return ports_.settings.kind == config::Kind::mysql; }
  const MysqlServer& mysql(int index) const;
  bool wrote_what(const MysqlServer& server, const MysqlServer& master_lacks) const;
  bool has_writes_of_strangers(const MysqlServer& server) const;
  bool is_live_acker(int index) const;
  bool is_kept_read_only(const Server& server) const;
  void check_what_is_undone(const health::RunStep& step);
  void check_relay_log(const health::RunStep& step);
  void check_errant_candidate(const health::RunStep& step);
  void check_replication_step(const health::RunStep& step);
  void check_delayed_candidate(const health::RunStep& step);
  void check_errant_is_left_alone(const health::RunStep& step);
  void check_semi_sync(const Server& chosen, const std::string& what);
  void check_readers();
  void check_receivers();
  void check_nobody_receives(const std::string& target);
  bool was_seen_with_more(const Server& server) const;
  bool regressed_unseen(const Server& server) const;
  void check_replicas_in_the_end(int master);
  bool is_applying();

  Ports ports_;
  Sengu* sengu_ = nullptr;
  std::vector<Time> touched_;  // by host
  std::vector<std::string> violations_;
  std::vector<WriteId> acked_;
  std::vector<bool> excused_;          // by WriteId
  std::vector<std::uint32_t> ackers_;  // by WriteId: what semi-synchronous replication had promised
  struct Seen {
    Time asked;
    int life = 0;
    int source = 0;          // server_uuid
    std::size_t logged = 0;  // how long its log was when it answered
  };
  std::vector<Seen> seen_ = std::vector<Seen>(16);  // by server: the last observation that sengu has
  struct Regress {
    Time since;
    bool visible = false;
  };  // visible: sengu had seen it with what it lost
  std::vector<std::optional<Regress>> regressed_ = std::vector<std::optional<Regress>>(16);
  health::Route route_;  // as last published
  Time applied_{};       // when something was last left to apply
  Time journal_lost_{};
  Time switching_since_{};
  Time idle_since_{};             // no failover is under way
  health::Epoch idle_epoch_ = 0;  // of the failover before it
  std::optional<health::JournalRecord> durable_;
  health::JournalRecord intent_;
  health::Epoch highest_ = 0;
  health::Epoch promoted_ = 0;                      // the last epoch whose promote was sent
  std::vector<bool> told_ = std::vector<bool>(16);  // repointed since the last promote
  std::optional<Time> sentinel_since_;
  Time sentinel_until_{};
  struct Change {
    Time at;
    health::Epoch epoch = 0;
    int promotions = 0;
    int life = 0;
    Time before{};  // of the change before it
  };
  std::vector<Change> changed_by_hand_ = std::vector<Change>(16);
  std::vector<bool> by_hand_ = std::vector<bool>(16);
  int lost_ = 0;
  int promotions_ = 0;
  bool operator_acted_ = false;
  bool loss_accepted_ = false;
};

}  // namespace sengu::sim
