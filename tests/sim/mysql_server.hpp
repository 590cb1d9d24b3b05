// A modelled MySQL server: its binary log, what it has received and not applied yet, the threads that receive and
// apply, semi-synchronous replication (AFTER_SYNC, without a timeout), GTID auto-position, read_only, heartbeats. A
// frozen process whose kernel still accepts, and that executes what it finds in its sockets. What is modelled is what
// mysql.md says of real servers.
#pragma once

#include <deque>

#include "tests/sim/transactions.hpp"

namespace sengu::sim {

inline constexpr std::chrono::microseconds usual_apply_time{100};  // of one transaction

class MysqlServer final : public Server {
 public:
  /// How the servers of a group are configured.
  struct Options {
    bool semi_sync = true;
    bool starts_read_only = true;    // read_only=ON in the configuration
    bool source_flag_stays = false;  // rpl_semi_sync_source_enabled=ON in the configuration
    Duration net_timeout{};          // replica_net_timeout
    Duration heartbeat_period{};
  };
  MysqlServer(Cluster& cluster, const config::NodeSettings& settings, int index, const Options& options)
      : Server(cluster, settings, index), options_(options) {}

  // --- what is done to it ---
  void start_as(int master) override;
  void restart(Kept kept) override;
  void kill_replicas() override { drop_downstreams(); }
  void obey(const Request& step) override;
  void write_directly(int count) override;  // as an application does: refused where it is read-only
  void write_in_spite_of_read_only(int count);
  /// SET GLOBAL read_only=ON by a person, who gives up where it would wait for commits. True: it was writable before.
  bool close_by_hand();
  void open_by_hand();
  void stop_receiving();
  void start_receiving();
  void stop_applying(const std::string& error);
  void start_applying();
  void apply_slowly(Duration each) { apply_time_ = each; }
  void apply_late(Duration delay);  // SOURCE_DELAY: so long after it came
  void switch_semi_sync_source(health::SemiSync to);
  void switch_semi_sync_replica(health::SemiSync to);

  // --- what is true of it ---
  bool is_master() const override { return follows_ < 0 && !read_only_; }
  bool link_up() const override { return receiver_ == Receiver::connected; }
  std::string run_id() const override { return uuid_of(source_); }
  const std::vector<WriteId>& data() const override { return writes_; }
  std::vector<WriteId> unapplied() const override;
  std::uint64_t keys() const override { return logged_.count(); }
  const std::vector<Transaction>& log() const { return log_; }
  /// In its binary log: also what still waits for an acknowledgement.
  bool logged(const Transaction& one) const { return logged_.contains(one); }
  bool wrote_its_own() const override { return executed_.last_of(source_) > 0; }
  int source() const { return source_; }
  bool has_semi_sync() const { return options_.semi_sync; }
  bool has_source() const { return follows_ >= 0; }
  /// A person made this process read-only when it was a master, and nothing has changed that since.
  bool closed_by_hand() const { return closed_by_hand_ && read_only_ && follows_ < 0; }
  /// A step has fenced this process, and nothing has opened it since.
  bool fenced_by_step() const { return fenced_by_step_ && read_only_ && follows_ < 0; }
  std::chrono::seconds started() const;
  const std::string& receive_error() const { return receive_error_; }
  bool receives() const { return receiver_ != Receiver::stopped; }
  bool all_applied() const { return relay_log_.empty(); }
  std::size_t relay_log_length() const { return relay_log_.size(); }
  bool is_delayed() const { return delay_ != Duration{}; }
  bool has_received_all_of(const MysqlServer& other) const;
  /// Its SQL thread runs, and waits for nobody's acknowledgement.
  bool applies() const { return applying_ && !applier_waits() && apply_error_.empty(); }
  bool semi_sync_source() const { return semi_sync_source_; }
  /// When a step lost its client between two statements; none once replication was started again.
  std::optional<Time> left_halfway() const { return left_halfway_; }
  /// Its IO thread was stopped by a step, and nobody has started it since.
  std::optional<Time> stopped_by_step() const { return stopped_by_step_; }

 private:
  enum class Receiver : std::uint8_t { stopped, connecting, connected };
  struct Waiting {  // in the log, for an acknowledgement
    std::size_t place;
    std::weak_ptr<Connection> client;
    bool of_the_applier = false;
  };
  struct Downstream {
    int replica;
    std::uint64_t generation;
    Channel channel;
    TransactionSet has;
    bool acknowledges;
  };
  struct Ask {
    int replica;
    std::uint64_t generation;
    TransactionSet has;
    bool acknowledges;
  };
  using Sent = std::vector<std::pair<std::size_t, Transaction>>;  // with their places in the log of whoever sent them
  /// One statement of a conversation. It may hang until `ready`; what comes after it waits.
  struct Statement {
    std::function<bool()> ready;  // none: at once
    std::function<bool()> run;    // false: an error, and the end of the conversation
  };
  struct Conversation {
    std::weak_ptr<Connection> connection;  // none: somebody's own
    bool by_hand = false;
    std::deque<Statement> statements;
  };
  using SharedConversation = std::shared_ptr<Conversation>;

  // clients
  void execute(const std::shared_ptr<Connection>& connection, const Request& request) override;
  bool reads_what_was_reset() const override { return true; }
  void forget() override;
  void write(const std::shared_ptr<Connection>& connection, WriteId write);
  std::deque<Statement> statements_of(const Request& request);
  std::deque<Statement> promotion(health::LossPolicy loss);
  Statement fence();
  std::deque<Statement> lifting();
  void begin(const SharedConversation& conversation);
  void go_on(const SharedConversation& conversation);
  void look_at_hanging();
  health::ServerInfo info() const;
  health::SqlInfo sql_info() const;
  // as a source
  std::size_t append(const Transaction& one);
  void write_own(WriteId write, const std::weak_ptr<Connection>& client);
  void commit(const Waiting& one);
  void release(std::size_t below);
  void take_acknowledgement(int replica, std::uint64_t generation, std::size_t place);
  void ask(const Ask& ask, Channel back);
  void relay(std::size_t place);
  void drop_downstreams();
  void forget_downstream(int replica, std::uint64_t generation);
  void beat();
  // as a replica
  void change_source(int master);
  void point_at(int master);
  void start_replication();
  void connect();
  void disconnect();
  void lost(std::uint64_t generation, Duration retry);
  void refused(std::uint64_t generation, const std::string& error);
  void receive(std::uint64_t generation, const Sent& sent);
  void apply_soon();
  void apply();
  bool applier_waits() const;
  void drop_relay_log();
  void to_replica(Downstream& downstream, std::function<void(MysqlServer&)> message);
  MysqlServer& mysql(int index) const { return static_cast<MysqlServer&>(peer(index)); }

  const Options& options_;
  int source_ = 0;  // its server_uuid
  Time started_{};
  bool read_only_ = true;
  bool closed_by_hand_ = false;
  bool fenced_by_step_ = false;
  bool fence_hangs_ = false;  // SET GLOBAL read_only=ON waits for commits, and new writes wait for it
  std::vector<std::pair<std::weak_ptr<Connection>, WriteId>> postponed_;
  std::vector<SharedConversation> hanging_;
  // the binary log
  std::vector<Transaction> log_;
  std::vector<std::uint32_t> ackers_;  // of each in the log
  std::vector<WriteId> writes_;        // of all in the log
  TransactionSet logged_;
  TransactionSet executed_;
  std::deque<Waiting> waiting_;
  bool semi_sync_source_ = false;
  bool semi_sync_replica_ = true;
  std::vector<Downstream> downstreams_;
  // as a replica
  Receiver receiver_ = Receiver::stopped;
  std::uint64_t generation_ = 0;  // of its connection to its source
  Channel to_source_{};
  struct Received {
    Transaction one;
    Time at;
  };
  std::deque<Received> relay_log_;  // not applied yet
  TransactionSet received_;
  std::int64_t heartbeats_ = 0;
  Time last_sign_{};  // of the source
  std::string receive_error_;
  bool applying_ = true;
  bool apply_pending_ = false;
  std::string apply_error_;
  Duration apply_time_{};
  Duration delay_{};
  std::optional<Time> stopped_by_step_;
  std::optional<Time> left_halfway_;
};

}  // namespace sengu::sim
