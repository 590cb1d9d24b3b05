// A modelled MySQL server between its source and its replicas: the binary log and who acknowledges what of it, the
// thread that receives, the thread that applies.
#include "tests/sim/mysql_server.hpp"

namespace sengu::sim {

using namespace std::chrono_literals;

namespace {

constexpr auto connect_retry = 1s;      // SOURCE_CONNECT_RETRY, as sengu sets it
constexpr auto applied_in_one = 1ms;    // transactions that take less are applied together
constexpr Duration looks_again = 20ms;  // an applier that is delayed, at whether it still is

}  // namespace

// --- as a source ---

std::size_t MysqlServer::append(const Transaction& one) {
  log_.push_back(one);
  ackers_.push_back(0);
  logged_.add(one);
  if (one.write != 0) writes_.push_back(one.write);
  relay(log_.size() - 1);
  return log_.size() - 1;
}

void MysqlServer::write_own(WriteId write, const std::weak_ptr<Connection>& client) {
  const auto number = logged_.last_of(source_) + 1;
  const Waiting one{append({source_, number, number, write, cluster_.rightful(*this)}), client};
  if (semi_sync_source_) {
    waiting_.push_back(one);
  } else {
    commit(one);
  }
}

void MysqlServer::commit(const Waiting& one) {
  const Transaction& done = log_[one.place];
  executed_.add(done);
  if (one.of_the_applier) {
    relay_log_.pop_front();
    return apply_soon();
  }
  received_.add(done);
  const auto connection = one.client.lock();
  if (!connection) return;
  Reply reply;
  reply.write = done.write;
  reply.ackers = ackers_[one.place];
  answer(connection, reply);
}

/// What waits for an acknowledgement is committed in order.
void MysqlServer::release(std::size_t below) {
  while (!waiting_.empty() && waiting_.front().place < below) {
    const Waiting one = waiting_.front();
    waiting_.pop_front();
    commit(one);
  }
  look_at_hanging();
}

void MysqlServer::take_acknowledgement(int replica, std::uint64_t generation, std::size_t place) {
  const bool connected = std::any_of(downstreams_.begin(), downstreams_.end(), [&](const Downstream& one) {
    return one.replica == replica && one.generation == generation;
  });
  if (!connected) return;
  for (const Waiting& one : waiting_)
    if (one.place <= place) ackers_[one.place] |= 1U << static_cast<unsigned>(replica);
  release(place + 1);
}

/// COM_BINLOG_DUMP_GTID. MySQL joins whoever has more, unless it is more of this very server's (tried on MySQL 9.7).
void MysqlServer::ask(const Ask& ask, Channel back) {
  forget_downstream(ask.replica, 0);
  Downstream downstream{ask.replica, ask.generation, back, ask.has, ask.acknowledges};
  if (busy())
    return to_replica(downstream,
                      [generation = ask.generation](MysqlServer& replica) { replica.lost(generation, connect_retry); });
  if (ask.has.last_of(source_) > logged_.last_of(source_)) {
    return to_replica(downstream, [generation = ask.generation](MysqlServer& replica) {
      replica.refused(generation, "1236 replica has more GTIDs than the source has");
    });
  }
  Sent missing;
  for (std::size_t place = 0; place < log_.size(); ++place)
    if (!ask.has.contains(log_[place])) missing.emplace_back(place, log_[place]);
  downstreams_.push_back(downstream);
  to_replica(downstreams_.back(), [generation = ask.generation, missing](MysqlServer& replica) {
    replica.receiver_ = Receiver::connected;
    replica.receive(generation, missing);
  });
  const std::size_t begins = missing.empty() ? log_.size() : missing.front().first;
  if (ask.acknowledges && begins > 0)
    take_acknowledgement(ask.replica, ask.generation, begins - 1);  // it has all before
}

void MysqlServer::relay(std::size_t place) {
  for (Downstream& downstream : downstreams_) {
    if (downstream.has.contains(log_[place])) continue;
    to_replica(downstream, [generation = downstream.generation, sent = Sent{{place, log_[place]}}](
                               MysqlServer& replica) { replica.receive(generation, sent); });
  }
}

/// A message of an earlier connection is not read.
void MysqlServer::to_replica(Downstream& downstream, std::function<void(MysqlServer&)> message) {
  MysqlServer& replica = mysql(downstream.replica);
  cluster_.network.send(downstream.channel,
                        [&replica, message = std::move(message), generation = downstream.generation] {
                          if (!replica.running_ || replica.generation_ != generation) return;
                          replica.actor_.run([&replica, message, generation] {
                            if (replica.generation_ == generation) message(replica);
                          });
                        });
}

void MysqlServer::drop_downstreams() {
  for (Downstream& downstream : std::exchange(downstreams_, {})) {
    to_replica(downstream,
               [generation = downstream.generation](MysqlServer& replica) { replica.lost(generation, {}); });
  }
}

/// Generation 0: any.
void MysqlServer::forget_downstream(int replica, std::uint64_t generation) {
  std::erase_if(downstreams_, [&](const Downstream& one) {
    return one.replica == replica && (generation == 0 || one.generation == generation);
  });
}

/// Heartbeats to whoever follows; and of its own source, whether it was silent for replica_net_timeout.
void MysqlServer::beat() {
  cluster_.timeline.after(options_.heartbeat_period, [this, life = life_] {
    if (life != life_ || !running_) return;
    if (!frozen()) {
      actor_.run([this] {
        for (Downstream& downstream : downstreams_) {
          to_replica(downstream, [](MysqlServer& replica) {
            ++replica.heartbeats_;
            replica.last_sign_ = replica.cluster_.timeline.now();
          });
        }
        const bool silent = link_up() && cluster_.timeline.now() - last_sign_ > options_.net_timeout;
        if (silent) lost(generation_, {});
      });
    }
    beat();
  });
}

// --- as a replica ---

/// The threads are stopped, and the relay log goes.
void MysqlServer::change_source(int master) {
  drop_relay_log();
  point_at(master);
}

/// While the applier goes on the relay log stays.
void MysqlServer::point_at(int master) {
  follows_ = master;
  heartbeats_ = 0;
  receive_error_.clear();
  down_since_.reset();
  stopped_by_step_.reset();
}

void MysqlServer::start_replication() {
  left_halfway_.reset();
  applying_ = true;
  if (!receives()) connect();
}

void MysqlServer::connect() {
  if (follows_ < 0) return;
  const auto generation = ++generation_;
  receiver_ = Receiver::connecting;
  MysqlServer& source = mysql(follows_);
  const Ask question{index_, generation, received_, semi_sync_replica_};
  to_source_ = {host_of(index_), host_of(follows_)};
  cluster_.network.send(
      to_source_, [this, &source, question, generation, back = Channel{host_of(follows_), host_of(index_)}]() mutable {
        if (source.running_) {
          source.actor_.run([&source, question, back] { source.ask(question, back); });
          return;
        }
        cluster_.network.send(back, [this, generation] {
          if (running_ && generation == generation_)
            actor_.run([this, generation] { lost(generation, connect_retry); });
        });
      });
}

void MysqlServer::disconnect() {
  if (receiver_ == Receiver::connected) down_since_ = cluster_.timeline.now();
  if (receives() && follows_ >= 0) {
    cluster_.network.send(to_source_, [&source = mysql(follows_), replica = index_, generation = generation_] {
      if (source.running_)
        source.actor_.run([&source, replica, generation] { source.forget_downstream(replica, generation); });
    });
  }
  ++generation_;
  receiver_ = Receiver::stopped;
}

void MysqlServer::stop_receiving() { disconnect(); }

void MysqlServer::start_receiving() {
  stopped_by_step_.reset();
  receive_error_.clear();
  if (!receives()) connect();
}

void MysqlServer::lost(std::uint64_t generation, Duration retry) {
  if (generation != generation_ || !receives()) return;
  if (receiver_ == Receiver::connected) down_since_ = cluster_.timeline.now();
  receiver_ = Receiver::connecting;
  const auto next = ++generation_;
  cluster_.timeline.after(retry, [this, next] {
    if (next == generation_ && running_)
      actor_.run([this, next] {
        if (next == generation_) connect();
      });
  });
}

void MysqlServer::refused(std::uint64_t generation, const std::string& error) {
  if (generation != generation_) return;
  ++generation_;
  receiver_ = Receiver::stopped;
  receive_error_ = error;
}

void MysqlServer::receive(std::uint64_t generation, const Sent& sent) {
  if (generation != generation_ || !link_up()) return;
  last_sign_ = cluster_.timeline.now();
  for (const auto& [place, one] : sent) {
    if (received_.contains(one)) continue;
    received_.add(one);
    relay_log_.push_back({one, cluster_.timeline.now()});
  }
  if (semi_sync_replica_ && !sent.empty()) {
    cluster_.network.send(
        to_source_, [&source = mysql(follows_), replica = index_, generation, place = sent.back().first] {
          if (source.running_)
            source.actor_.run(
                [&source, replica, generation, place] { source.take_acknowledgement(replica, generation, place); });
        });
  }
  apply_soon();
}

bool MysqlServer::applier_waits() const {
  return std::any_of(waiting_.begin(), waiting_.end(), [](const Waiting& one) { return one.of_the_applier; });
}

void MysqlServer::apply_soon() {
  if (apply_pending_ || !applying_ || !apply_error_.empty() || relay_log_.empty() || applier_waits()) return;
  apply_pending_ = true;
  const Duration due = relay_log_.front().at + delay_ - cluster_.timeline.now();
  cluster_.timeline.after(std::max(apply_time_, std::min(due, looks_again)), [this, life = life_] {
    if (life == life_ && running_) actor_.run([this] { apply(); });
  });
}

void MysqlServer::apply_late(Duration delay) {
  delay_ = delay;
  apply_soon();
}

void MysqlServer::apply() {
  apply_pending_ = false;
  while (applying_ && apply_error_.empty() && !relay_log_.empty() && !applier_waits()) {
    if (relay_log_.front().at + delay_ > cluster_.timeline.now()) break;
    const Transaction one = relay_log_.front().one;
    if (!logged_.contains(one)) {
      const std::size_t place = append(one);
      if (semi_sync_source_) {
        waiting_.push_back({place, {}, true});
        break;
      }
      executed_.add(one);
    }
    relay_log_.pop_front();
    if (apply_time_ >= applied_in_one) break;
  }
  apply_soon();
  look_at_hanging();
}

void MysqlServer::stop_applying(const std::string& error) {
  applying_ = false;
  apply_error_ = error;
}

void MysqlServer::start_applying() {
  applying_ = true;
  apply_error_.clear();
  apply_soon();
}

void MysqlServer::drop_relay_log() {
  relay_log_.clear();
  received_ = executed_;
}

bool MysqlServer::has_received_all_of(const MysqlServer& other) const {
  return received_.as_gtids().contains(other.received_.as_gtids());
}

std::vector<WriteId> MysqlServer::unapplied() const {
  std::vector<WriteId> writes;
  for (const Received& received : relay_log_)
    if (received.one.write != 0) writes.push_back(received.one.write);
  return writes;
}

}  // namespace sengu::sim
