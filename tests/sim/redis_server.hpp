// A modelled Redis 7 server: its data set as the list of writes it holds, replication ids and offsets, partial and full
// resynchronization, what a restart keeps, LOADING, BUSY, CLIENT PAUSE. A frozen process whose kernel still accepts.
// What is modelled is what redis.md says of real servers; what is not: expiry, eviction, transactions of clients.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "health/core/messages.hpp"
#include "tests/sim/network.hpp"

namespace sengu::sim {

using WriteId = std::uint32_t;   // 0: none

struct Request {
  enum class Kind : std::uint8_t { info, set, step, clients };
  Kind kind = Kind::info;
  WriteId write = 0;
  health::Step step = health::Step::promote;
  int master = -1;               // of a step that names one
  Duration pause{};              // of a fence
};

struct Reply {
  health::Outcome outcome = health::Outcome::ok;
  std::optional<health::ServerInfo> info{};
  std::vector<std::string> deciders{};
  WriteId write = 0;             // done
};

/// How a connection's other end went away.
enum class Gone : std::uint8_t { refused, closed };

class RedisServer;

/// A TCP connection from the proxy's host to a server. `actor` is the thread that reads it there.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Reader {
    Action connected;
    std::function<void(const Reply&)> reply;
    std::function<void(Gone)> gone;
  };
  static std::shared_ptr<Connection> open(Network& network, Actor& actor, RedisServer& server, Reader reader);
  void send(const Request& request);
  /// Closed with RST: what the server has not read yet it never reads. Nothing is heard of it any more.
  void reset();
  bool ended() const { return !reader_.reply; }

 private:
  friend class RedisServer;
  Connection(Network& network, Actor& actor, RedisServer& server, Reader reader);
  void tell(Action step);                 // on `actor_`, unless reset meanwhile
  void answer(const Reply& reply);        // from the server
  void close_from_server();

  Network& network_;
  Actor& actor_;
  RedisServer& server_;
  Reader reader_;
  Channel there_;
  Channel back_;
  int life_ = 0;                          // of the server that accepted; 0: none did
  bool reset_seen_ = false;               // the RST has reached the server's host
};

enum class Kept : std::uint8_t { everything, snapshot, nothing };

class RedisServer {
 public:
  struct Cluster {
    Timeline& timeline;
    Random& random;
    Network& network;
    std::vector<std::unique_ptr<RedisServer>>& servers;
    /// `server` is about to replace its data by another's.
    std::function<void(RedisServer& server)> flushed;
  };
  RedisServer(Cluster& cluster, const config::NodeSettings& settings, int index);

  // --- what is done to it ---
  void start_as(int master);              // -1: as a master; the group's first start
  void kill();
  void restart(Kept kept);
  void freeze() { actor_.freeze(); }
  void thaw() { actor_.thaw(); }
  void be_busy(Duration time);
  void kill_clients(const Connection* except = nullptr);   // CLIENT KILL TYPE normal
  void kill_replicas();                   // CLIENT KILL TYPE replica
  void save() { saved_ = {data_.size(), replid_, offset_}; }
  void obey(const Request& step);         // as if somebody typed it
  /// Clients that bypass the proxy write to it.
  void write_directly(int count);
  bool rewrite_works = true;
  std::vector<std::string> deciders;      // others than sengu that are connected to it

  // --- what is true of it ---
  int index() const { return index_; }
  const std::string& name() const { return settings_.name; }
  bool running() const { return running_; }
  bool frozen() const { return actor_.frozen(); }
  bool is_master() const { return follows_ < 0; }
  int follows() const { return follows_; }
  bool link_up() const { return link_ == LinkState::up; }
  /// The last instant at which it had a link to its master; the epoch where it never had.
  Time heard_until() const { return link_up() ? cluster_.timeline.now() : down_since_.value_or(Time{}); }
  bool loading() const;
  bool usable() const { return running_ && !frozen() && !loading() && !busy(); }
  bool busy() const;
  /// It was told by sengu to follow this very server, and has not had a link to it yet.
  bool pointed_by_step() const { return pointed_by_step_ && follows_ >= 0 && pointed_at_ == peer(follows_).run_id(); }
  std::string run_id() const;
  std::int64_t offset() const { return offset_; }
  const std::vector<WriteId>& data() const { return data_; }
  std::uint64_t keys() const { return base_keys_ + data_.size(); }

 private:
  friend class Connection;
  enum class LinkState : std::uint8_t { none, connecting, syncing, up };
  struct Entry { std::int64_t end; WriteId write; };   // `end`: the offset after it
  struct Downstream { int replica; std::uint64_t generation; Channel channel; bool has_snapshot; };
  struct Snapshot {
    std::string replid;
    std::int64_t offset;
    std::uint64_t base_keys;
    std::vector<WriteId> data;
  };
  struct Ask { int replica; std::uint64_t generation; std::string replid; std::int64_t next; };

  // clients
  void accept(const std::shared_ptr<Connection>& connection);
  void take(const std::shared_ptr<Connection>& connection, const Request& request);
  Reply reply_to(const Request& request, const Connection* from);
  void execute(const std::shared_ptr<Connection>& connection, const Request& request);
  Reply carry_out(const Request& request, const Connection* from);
  void run_postponed();
  health::ServerInfo info() const;
  // replication, as a master
  void recall_history();
  void append(WriteId write);
  void relay(const Entry& entry);
  void ask(const Ask& ask, Channel back);
  bool can_continue(const Ask& ask) const;
  void go_on_with(const Ask& ask, Downstream downstream);
  void send_snapshot(const Ask& ask);
  void drop_downstreams();
  void ping_replicas();
  // ... as a replica
  void follow(int master);
  void become_master();
  void connect_upstream();
  void upstream_lost(std::uint64_t generation, Duration retry);
  void continued(std::uint64_t generation, const std::string& replid);
  void load(std::uint64_t generation, const Snapshot& snapshot);
  void receive(std::uint64_t generation, const Entry& entry);
  void to_replica(Downstream& downstream, std::function<void(RedisServer&)> message, Duration more = {});
  void close_downstream(Downstream& downstream);
  std::string new_replid();
  RedisServer& peer(int index) const { return *cluster_.servers[static_cast<std::size_t>(index)]; }

  Cluster& cluster_;
  const config::NodeSettings& settings_;
  int index_;
  Actor actor_;
  bool running_ = false;
  int life_ = 0;
  Time loading_until_{};
  Time busy_until_{};
  Time paused_until_{};
  std::vector<std::pair<std::weak_ptr<Connection>, Request>> postponed_;
  std::vector<std::weak_ptr<Connection>> connections_;
  // data
  std::uint64_t base_keys_ = 1000;
  std::vector<WriteId> data_;
  struct Saved {                          // the RDB on disk
    std::size_t writes = 0;
    std::string replid;
    std::int64_t offset = 0;
  } saved_;
  // replication
  int follows_ = -1;
  int configured_ = -1;                   // `replicaof` in its configuration file
  std::string replid_;
  std::string replid2_;
  std::int64_t second_offset_ = -1;
  std::int64_t offset_ = 0;
  std::int64_t backlog_from_ = 0;         // the first offset that the backlog can continue from
  std::deque<Entry> backlog_;
  bool has_backlog_ = false;
  std::vector<Downstream> downstreams_;
  LinkState link_ = LinkState::none;
  std::uint64_t generation_ = 0;          // of its link to its master
  std::optional<Time> down_since_;        // of a link that was up once
  bool pointed_by_step_ = false;
  std::string pointed_at_;                // run id of the master that a step named
};

}  // namespace sengu::sim
