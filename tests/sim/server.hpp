// What the world, the judge, the probes and the writers need of a modelled server, whatever it speaks; and what both
// kinds share: a process that is killed, frozen and started again, the connections to it, and the thread that serves
// them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "health/model/messages.hpp"
#include "tests/sim/network.hpp"

namespace sengu::sim {

using WriteId = std::uint32_t;  // 0: none

struct Request {
  enum class Kind : std::uint8_t { info, set, step, clients };
  Kind kind = Kind::info;
  WriteId write = 0;
  health::Step step = health::Step::promote;
  int master = -1;                                            // of a step that names one
  Duration pause{};                                           // of a fence
  health::LossPolicy loss = health::LossPolicy::keep_writes;  // of a promote
};

struct Reply {
  health::Outcome outcome = health::Outcome::ok;
  std::optional<health::ServerInfo> info{};
  std::vector<std::string> deciders{};
  WriteId write = 0;  // done
  // of MySQL, and for the judge only
  std::uint32_t ackers =
      0;  // which replicas had acknowledged its receipt by then, one bit each; 0: it was not waited for
  std::size_t logged = 0;  // how many transactions its log held
};

/// How a connection's other end went away.
enum class Gone : std::uint8_t { refused, closed };

class Server;

/// A TCP connection from the proxy's host to a server. `actor` is the thread that reads it there.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Reader {
    Action connected;
    std::function<void(const Reply&)> reply;
    std::function<void(Gone)> gone;
  };
  static std::shared_ptr<Connection> open(Network& network, Actor& actor, Server& server, Reader reader);
  void send(const Request& request);
  /// Closed with RST: what the server has not read yet it never reads. Nothing is heard of it any more.
  void reset();
  bool ended() const { return !reader_.reply; }

 private:
  friend class Server;
  Connection(Network& network, Actor& actor, Server& server, Reader reader);
  void tell(Action step);           // on `actor_`, unless reset meanwhile
  void answer(const Reply& reply);  // from the server
  void close_from_server();

  Network& network_;
  Actor& actor_;
  Server& server_;
  Reader reader_;
  Channel there_;
  Channel back_;
  int life_ = 0;             // of the server that accepted; 0: none did
  bool reset_seen_ = false;  // the RST has reached the server's host
};

/// What a restart finds: MySQL, of a snapshot: all but the last transactions, which its host had not synced.
enum class Kept : std::uint8_t { everything, snapshot, nothing };

class Server {
 public:
  struct Cluster {
    Timeline& timeline;
    Random& random;
    Network& network;
    std::vector<std::unique_ptr<Server>>& servers;
    /// `server` is about to replace its data by another's.
    std::function<void(Server& server)> flushed;
    /// It is the journal's master: what is written there is the group's.
    std::function<bool(const Server& server)> rightful;
  };
  Server(Cluster& cluster, const config::NodeSettings& settings, int index)
      : cluster_(cluster), settings_(settings), index_(index) {}
  virtual ~Server() = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // --- what is done to it ---
  virtual void start_as(int master) = 0;  // -1: as a master; the group's first start
  void kill();
  virtual void restart(Kept kept) = 0;
  void freeze() { actor_.freeze(); }
  void thaw() { actor_.thaw(); }
  /// It refuses every promote.
  void refuse_promotes(Duration time) { refuses_until_ = cluster_.timeline.now() + time; }
  /// It answers nothing but an error.
  void be_busy(Duration time) { busy_until_ = cluster_.timeline.now() + time; }
  void kill_clients(const Connection* except = nullptr);
  virtual void kill_replicas() = 0;            // their connections
  virtual void obey(const Request& step) = 0;  // as if somebody typed it
  /// Clients that bypass the proxy write to it.
  virtual void write_directly(int count) = 0;
  std::vector<std::string> deciders;  // others than sengu that are connected to it

  // --- what is true of it ---
  int index() const { return index_; }
  const std::string& name() const { return settings_.name; }
  bool running() const { return running_; }
  bool frozen() const { return actor_.frozen(); }
  virtual bool is_master() const = 0;
  int follows() const { return follows_; }
  virtual bool link_up() const = 0;
  /// The last instant at which it had a link to its master; the epoch where it never had.
  Time heard_until() const { return link_up() ? cluster_.timeline.now() : down_since_.value_or(Time{}); }
  bool loading() const { return cluster_.timeline.now() < loading_until_; }
  bool busy() const { return cluster_.timeline.now() < busy_until_; }
  bool usable() const { return running_ && !frozen() && !loading() && !busy(); }
  Time refused_until() const { return refuses_until_; }
  bool refuses_promotes() const { return cluster_.timeline.now() < refuses_until_; }
  int life() const { return life_; }       // grows with each start
  Time killed() const { return killed_; }  // when it last died
  virtual std::string run_id() const = 0;
  /// The writes that it holds.
  virtual const std::vector<WriteId>& data() const = 0;
  /// ... and those that it has received, and would lose where it is told to follow another.
  virtual std::vector<WriteId> unapplied() const { return {}; }
  virtual std::uint64_t keys() const = 0;
  /// It was told by sengu to follow this very server, and has not had a link to it yet.
  virtual bool pointed_by_step() const { return false; }
  /// The history from which it says that it went on when it restarted; empty: it does not say.
  virtual std::string past() const { return {}; }
  /// It was made a master, and has taken writes since.
  virtual bool wrote_its_own() const = 0;
  /// Redis: it had a link to a master since it started.
  virtual bool was_linked() const { return true; }
  /// Redis: how far it has come in its history (bytes).
  virtual std::int64_t received() const { return 0; }
  /// When somebody deleted all its keys last.
  virtual Time emptied() const { return {}; }
  /// Another application's server answers under its address.
  virtual bool is_stranger() const { return false; }

 protected:
  virtual void execute(const std::shared_ptr<Connection>& connection, const Request& request) = 0;
  /// The process is gone: what it knew besides its disk.
  virtual void forget() = 0;
  /// What a kernel had received before the connection was reset is still read (Linux); MySQL executes it.
  virtual bool reads_what_was_reset() const { return false; }
  void answer(const std::shared_ptr<Connection>& connection, const Reply& reply) const;
  bool stands(const Connection& connection) const { return connection.life_ == life_ && !connection.reset_seen_; }
  Server& peer(int index) const { return *cluster_.servers[static_cast<std::size_t>(index)]; }

  Cluster& cluster_;
  const config::NodeSettings& settings_;
  int index_;
  Actor actor_;
  bool running_ = false;
  int life_ = 0;
  Time loading_until_{};
  Time busy_until_{};
  Time refuses_until_{};
  Time killed_{};
  int follows_ = -1;
  std::optional<Time> down_since_;  // of a link that was up once

 private:
  friend class Connection;
  void accept(const std::shared_ptr<Connection>& connection);
  void take(const std::shared_ptr<Connection>& connection, const Request& request);

  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace sengu::sim
