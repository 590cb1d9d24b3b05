// A modelled Redis 7 server: its data set as the list of writes it holds, replication ids and offsets, partial and full
// resynchronization, what a restart keeps, LOADING, BUSY, CLIENT PAUSE. A frozen process whose kernel still accepts.
// What is modelled was tried on real servers; what is not: expiry, eviction, transactions of clients.
#pragma once

#include <deque>

#include "tests/sim/server.hpp"

namespace sengu::sim {

class RedisServer final : public Server {
 public:
  using Server::Server;

  void start_as(int master) override;
  void restart(Kept kept) override;
  void kill_replicas() override { drop_downstreams(); }  // CLIENT KILL TYPE replica
  void save() { saved_ = {data_.size(), replid_, offset_}; }
  /// Somebody deletes all its keys, on a replica that takes writes: its offset stays.
  void delete_all();
  /// Its master does not let it in (masterauth).
  void lock_out(Duration time);
  /// A full sync empties it before it loads (repl-diskless-load flush-before-load).
  bool flushes_before_load = false;
  /// Another application's server takes its address, until the right one is started again (restart).
  void be_replaced(std::uint64_t keys);
  void obey(const Request& step) override;
  void write_directly(int count) override;
  bool rewrite_works = true;

  bool is_master() const override { return follows_ < 0; }
  bool link_up() const override { return link_ == LinkState::up; }
  std::string run_id() const override;
  const std::vector<WriteId>& data() const override { return data_; }
  std::uint64_t keys() const override { return base_keys_ + data_.size(); }
  std::string past() const override { return is_master() ? replid2_ : std::string(); }
  bool wrote_its_own() const override { return is_master() && !replid2_.empty() && offset_ >= second_offset_; }
  bool was_linked() const override { return was_linked_; }
  std::int64_t received() const override { return offset_; }
  Time emptied() const override { return emptied_; }
  bool is_stranger() const override { return aside_.has_value(); }
  bool pointed_by_step() const override {
    return pointed_by_step_ && follows_ >= 0 && pointed_at_ == peer(follows_).run_id();
  }

 private:
  enum class LinkState : std::uint8_t { none, connecting, syncing, up };
  struct Entry {
    std::int64_t end;
    WriteId write;
  };  // `end`: the offset after it
  struct Downstream {
    int replica;
    std::uint64_t generation;
    Channel channel;
    bool has_snapshot;
  };
  struct Snapshot {
    std::string replid;
    std::int64_t offset;
    std::uint64_t base_keys;
    std::vector<WriteId> data;
  };
  struct Ask {
    int replica;
    std::uint64_t generation;
    std::string replid;
    std::int64_t next;
  };

  // clients
  void execute(const std::shared_ptr<Connection>& connection, const Request& request) override;
  void forget() override;
  void start();
  Reply reply_to(const Request& request, const Connection* from);
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
  void flush(std::uint64_t generation);
  void load(std::uint64_t generation, const Snapshot& snapshot);
  void receive(std::uint64_t generation, const Entry& entry);
  void to_replica(Downstream& downstream, std::function<void(RedisServer&)> message, Duration more = {});
  void close_downstream(Downstream& downstream);
  std::string new_replid();
  RedisServer& redis(int index) const { return static_cast<RedisServer&>(peer(index)); }

  Time paused_until_{};
  std::vector<std::pair<std::weak_ptr<Connection>, Request>> postponed_;
  Time locked_out_until_{};
  Time emptied_{};
  bool was_linked_ = false;
  // data
  std::uint64_t base_keys_ = 1000;
  std::vector<WriteId> data_;
  struct Saved {  // the RDB on disk
    std::size_t writes = 0;
    std::string replid;
    std::int64_t offset = 0;
  } saved_;
  struct Aside {  // what the right server has on its disk
    std::uint64_t base_keys;
    std::vector<WriteId> data;
    Saved saved;
    int configured;
  };
  std::optional<Aside> aside_;
  // replication
  int configured_ = -1;  // `replicaof` in its configuration file
  std::string replid_;
  std::string replid2_;
  std::int64_t second_offset_ = -1;
  std::int64_t offset_ = 0;
  std::int64_t backlog_from_ = 0;  // the first offset that the backlog can continue from
  std::deque<Entry> backlog_;
  bool has_backlog_ = false;
  std::vector<Downstream> downstreams_;
  LinkState link_ = LinkState::none;
  std::uint64_t generation_ = 0;  // of its link to its master
  bool pointed_by_step_ = false;
  std::string pointed_at_;  // run id of the master that a step named
};

}  // namespace sengu::sim
