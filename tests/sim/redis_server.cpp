#include "tests/sim/redis_server.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sengu::sim {

using namespace std::chrono_literals;
using health::Outcome;
using health::Step;

namespace {

constexpr std::int64_t write_bytes = 100;
constexpr std::int64_t ping_bytes = 14;
constexpr auto ping_every = 10s;          // repl-ping-replica-period
constexpr auto cron = 1s;                 // replicationCron: a failed connect is tried again
constexpr auto least_sync_delay = 200ms;  // repl-diskless-sync-delay is 5 s by default
constexpr auto most_sync_delay = 5s;

Reply refused() {
  Reply reply;
  reply.outcome = Outcome::error;
  return reply;
}

}  // namespace

// --- RedisServer: faults ---

std::string RedisServer::run_id() const { return fmt::format("{}-run-{}", name(), life_); }
std::string RedisServer::new_replid() { return fmt::format("{:016x}", cluster_.random.next()); }

void RedisServer::start_as(int master) {
  running_ = true;
  ++life_;
  replid_ = new_replid();
  follows_ = configured_ = master;
  if (master >= 0) connect_upstream();
  ping_replicas();
}

void RedisServer::forget() {
  ++generation_;
  link_ = LinkState::none;
  postponed_.clear();
  drop_downstreams();
}

void RedisServer::delete_all() {
  base_keys_ = 0;
  data_.clear();
  emptied_ = cluster_.timeline.now();
}

void RedisServer::lock_out(Duration time) {
  locked_out_until_ = cluster_.timeline.now() + time;
  if (time > Duration{} && running_ && link_ == LinkState::up) actor_.run([this] { upstream_lost(generation_, {}); });
}

void RedisServer::be_replaced(std::uint64_t keys) {
  if (!aside_) aside_ = Aside{base_keys_, data_, saved_, configured_};
  base_keys_ = keys;
  data_.clear();
  saved_ = {};
  configured_ = -1;
  start();
}

void RedisServer::restart(Kept kept) {
  if (aside_) {
    base_keys_ = aside_->base_keys;
    data_ = std::move(aside_->data);
    saved_ = aside_->saved;
    configured_ = aside_->configured;
    aside_.reset();
  }
  if (kept == Kept::snapshot) data_.resize(std::min(saved_.writes, data_.size()));
  if (kept == Kept::nothing) {
    data_.clear();
    base_keys_ = 0;
  }
  if (kept != Kept::snapshot) saved_ = {data_.size(), {}, 0};
  start();
}

void RedisServer::start() {
  running_ = true;
  ++life_;
  was_linked_ = false;
  replid_ = new_replid();
  replid2_.clear();
  second_offset_ = -1;
  offset_ = backlog_from_ = 0;
  has_backlog_ = false;
  backlog_.clear();
  follows_ = configured_;
  recall_history();
  pointed_by_step_ = false;
  down_since_.reset();
  busy_until_ = paused_until_ = {};
  loading_until_ = cluster_.timeline.now() + (keys() == 0 ? Duration{} : cluster_.random.between(5ms, 400ms));
  if (follows_ >= 0)
    cluster_.timeline.at(loading_until_, [this, life = life_] {
      if (life == life_ && running_ && follows_ >= 0) connect_upstream();
    });
  ping_replicas();
}

/// What the RDB says of replication: a replica tries to go on from there, a master (Redis 7) lets others do so.
void RedisServer::recall_history() {
  if (saved_.replid.empty()) return;
  offset_ = backlog_from_ = saved_.offset;
  if (follows_ >= 0) {
    replid_ = saved_.replid;
  } else {
    replid2_ = saved_.replid;
    second_offset_ = saved_.offset + 1;
    has_backlog_ = true;
  }
}

void RedisServer::obey(const Request& step) {
  if (running_) actor_.run([this, step] { carry_out(step, nullptr); });
}

void RedisServer::write_directly(int count) {
  if (!usable() || !is_master()) return;
  offset_ += count * write_bytes;
  backlog_.push_back({offset_, 0});
  relay(backlog_.back());
}

// --- RedisServer: clients ---

void RedisServer::execute(const std::shared_ptr<Connection>& connection, const Request& request) {
  const bool held = request.kind == Request::Kind::set && is_master() && cluster_.timeline.now() < paused_until_;
  if (held) {
    postponed_.emplace_back(connection, request);
    return;
  }
  const Reply reply = reply_to(request, connection.get());
  answer(connection, reply);
}

Reply RedisServer::reply_to(const Request& request, const Connection* from) {
  Reply reply;
  if (busy()) {
    reply.outcome = Outcome::busy;
  } else if (request.kind == Request::Kind::info) {
    reply.outcome = loading() ? Outcome::loading : Outcome::ok;
    reply.info = info();
  } else if (request.kind == Request::Kind::clients) {
    reply.deciders = deciders;
  } else if (loading()) {
    reply.outcome = Outcome::loading;
  } else if (request.kind == Request::Kind::step) {
    reply = carry_out(request, from);
    if (reply.outcome == Outcome::ok) pointed_by_step_ = !is_master();
    if (reply.outcome == Outcome::ok && pointed_by_step_) pointed_at_ = peer(follows_).run_id();
  } else if (!is_master()) {
    reply.outcome = Outcome::error;  // READONLY
  } else {
    append(request.write);
    reply.write = request.write;
  }
  return reply;
}

Reply RedisServer::carry_out(const Request& request, const Connection* from) {
  switch (request.step) {
    case Step::fence:
      paused_until_ = cluster_.timeline.now() + request.pause;
      cluster_.timeline.at(paused_until_, [this, life = life_] {
        if (life == life_) actor_.run([this] { run_postponed(); });
      });
      break;
    case Step::unfence:
      paused_until_ = {};
      run_postponed();
      break;
    case Step::promote:
      if (refuses_promotes()) return refused();
      become_master();
      break;
    case Step::repoint: follow(request.master); break;
    case Step::demote:
    case Step::demote_emptied:
      follow(request.master);
      kill_clients(from);
      postponed_.clear();
      if (request.step == Step::demote_emptied) drop_downstreams();
      if (request.pause > 0ms) paused_until_ = {};
      break;
    case Step::rehandshake:
      if (link_ == LinkState::up) upstream_lost(generation_, {});
      return {};
    default:  // of MySQL
      return {};
  }
  if (rewrite_works && request.step != Step::fence && request.step != Step::unfence) configured_ = follows_;
  return {};
}

void RedisServer::run_postponed() {
  if (cluster_.timeline.now() < paused_until_) return;
  for (const auto& [weak, request] : std::exchange(postponed_, {})) {
    const auto connection = weak.lock();
    if (connection && stands(*connection)) execute(connection, request);
  }
}

health::ServerInfo RedisServer::info() const {
  health::ServerInfo info;
  info.role = is_master() ? health::Role::master : health::Role::replica;
  info.run_id = run_id();
  info.version = "7.0.15";
  info.replid = replid_;
  info.replid2 = replid2_;
  info.offset = offset_;
  info.second_offset = second_offset_;
  info.keys = keys();
  info.loading = loading();
  info.priority = 100;
  if (is_master()) return info;
  info.master = redis(follows_).settings_.replication_address;
  info.link_up = link_ == LinkState::up;
  info.sync_in_progress = link_ == LinkState::syncing;
  if (!info.link_up && down_since_) {
    info.link_down_for = std::chrono::duration_cast<std::chrono::seconds>(cluster_.timeline.now() - *down_since_);
  }
  return info;
}

// --- RedisServer: as a master ---

void RedisServer::append(WriteId write) {
  offset_ += write == 0 ? ping_bytes : write_bytes;
  if (write != 0) data_.push_back(write);
  const Entry entry{offset_, write};
  backlog_.push_back(entry);
  relay(entry);
}

void RedisServer::relay(const Entry& entry) {
  for (Downstream& downstream : downstreams_) {
    if (!downstream.has_snapshot) continue;
    to_replica(downstream, [generation = downstream.generation, entry](RedisServer& replica) {
      replica.receive(generation, entry);
    });
  }
}

/// A message of an earlier life is not sent; one that is under way arrives.
void RedisServer::to_replica(Downstream& downstream, std::function<void(RedisServer&)> message, Duration more) {
  RedisServer& replica = redis(downstream.replica);
  cluster_.network.send(
      downstream.channel,
      [&replica, message = std::move(message), generation = downstream.generation] {
        if (!replica.running_ || replica.generation_ != generation) return;
        replica.actor_.run([&replica, message, generation] {
          if (replica.generation_ == generation) message(replica);
        });
      },
      more);
}

void RedisServer::close_downstream(Downstream& downstream) {
  to_replica(downstream,
             [generation = downstream.generation](RedisServer& replica) { replica.upstream_lost(generation, {}); });
}

void RedisServer::drop_downstreams() {
  for (Downstream& downstream : std::exchange(downstreams_, {})) close_downstream(downstream);
}

bool RedisServer::can_continue(const Ask& ask) const {
  const bool mine = ask.replid == replid_ && ask.next <= offset_ + 1;
  const bool before_switch = ask.replid == replid2_ && ask.next <= second_offset_;
  return (mine || before_switch) && ask.next > backlog_from_;
}

/// PSYNC.
void RedisServer::ask(const Ask& ask, Channel back) {
  Downstream downstream{ask.replica, ask.generation, back, true};
  const bool serves = !loading() && !busy() && (is_master() || link_ == LinkState::up);
  if (!serves) {
    to_replica(downstream,
               [generation = ask.generation](RedisServer& replica) { replica.upstream_lost(generation, cron); });
    return;
  }
  std::erase_if(downstreams_, [&](const Downstream& old) { return old.replica == ask.replica; });
  if (can_continue(ask)) return go_on_with(ask, downstream);
  if (!std::exchange(has_backlog_, true) && is_master())
    replid_ = new_replid();  // as Redis does with its first replica
  downstream.has_snapshot = false;
  downstreams_.push_back(downstream);
  to_replica(downstreams_.back(), [](RedisServer& replica) { replica.link_ = LinkState::syncing; });
  const auto delay = cluster_.random.between(least_sync_delay, most_sync_delay);
  cluster_.timeline.after(delay, [this, ask, life = life_] {
    if (life == life_ && running_) actor_.run([this, ask] { send_snapshot(ask); });
  });
}

void RedisServer::go_on_with(const Ask& ask, Downstream downstream) {
  to_replica(downstream, [generation = ask.generation, replid = replid_](RedisServer& replica) {
    replica.continued(generation, replid);
  });
  for (const Entry& entry : backlog_) {
    if (entry.end < ask.next) continue;
    to_replica(downstream,
               [generation = ask.generation, entry](RedisServer& replica) { replica.receive(generation, entry); });
  }
  downstreams_.push_back(downstream);
}

void RedisServer::send_snapshot(const Ask& ask) {
  for (Downstream& downstream : downstreams_) {
    if (downstream.replica != ask.replica || downstream.generation != ask.generation) continue;
    downstream.has_snapshot = true;
    const Snapshot snapshot{replid_, offset_, base_keys_, data_};
    if (redis(ask.replica).flushes_before_load)
      to_replica(downstream, [generation = ask.generation](RedisServer& replica) { replica.flush(generation); });
    to_replica(
        downstream,
        [generation = ask.generation, snapshot](RedisServer& replica) { replica.load(generation, snapshot); },
        cluster_.random.between(5ms, 100ms));
  }
}

void RedisServer::ping_replicas() {
  cluster_.timeline.after(ping_every, [this, life = life_] {
    if (life != life_ || !running_) return;
    actor_.run([this] {
      if (is_master() && !downstreams_.empty() && !loading()) append(0);
    });
    ping_replicas();
  });
}

// --- RedisServer: as a replica ---

void RedisServer::follow(int master) {
  if (follows_ == master && link_ != LinkState::none) return;  // "Already connected to specified master"
  follows_ = master;
  pointed_by_step_ = false;
  down_since_.reset();  // as Redis: no link to this master was ever up
  connect_upstream();
}

void RedisServer::become_master() {
  if (is_master()) return;
  ++generation_;
  link_ = LinkState::none;
  follows_ = -1;
  replid2_ = replid_;
  second_offset_ = offset_ + 1;
  replid_ = new_replid();
  drop_downstreams();
}

void RedisServer::connect_upstream() {
  const auto generation = ++generation_;
  link_ = LinkState::connecting;
  if (cluster_.timeline.now() < locked_out_until_) return upstream_lost(generation, cron);
  Channel there{host_of(index_), host_of(follows_)};
  RedisServer& master = redis(follows_);
  const Ask question{index_, generation, replid_, offset_ + 1};
  cluster_.network.send(
      there, [this, &master, question, generation, back = Channel{host_of(follows_), host_of(index_)}]() mutable {
        if (master.running_) {
          master.actor_.run([&master, question, back] { master.ask(question, back); });
          return;
        }
        cluster_.network.send(back, [this, generation] {
          if (running_ && generation == generation_)
            actor_.run([this, generation] { upstream_lost(generation, cron); });
        });
      });
}

/// Since Redis 6.2 a lost link is connected again at once; a refused connect, or a sync that broke, at the next cron.
void RedisServer::upstream_lost(std::uint64_t generation, Duration retry) {
  if (generation != generation_ || is_master()) return;
  if (link_ == LinkState::up) down_since_ = cluster_.timeline.now();
  if (link_ == LinkState::syncing) retry = cron;
  link_ = LinkState::none;
  const auto next = ++generation_;
  cluster_.timeline.after(retry, [this, next] {
    if (next != generation_ || !running_ || is_master()) return;
    actor_.run([this, next] {
      if (next == generation_ && !is_master()) connect_upstream();
    });
  });
}

void RedisServer::continued(std::uint64_t generation, const std::string& replid) {
  if (generation != generation_) return;
  link_ = LinkState::up;
  was_linked_ = true;
  pointed_by_step_ = false;  // what its master does to it from now on is no step's doing
  if (replid == replid_) return;
  replid2_ = replid_;
  second_offset_ = offset_ + 1;
  replid_ = replid;
  drop_downstreams();
}

/// It keeps its history: where the load comes to nothing, it is an empty copy of an old offset.
void RedisServer::flush(std::uint64_t generation) {
  if (generation != generation_) return;
  cluster_.flushed(*this);
  data_.clear();
  base_keys_ = 0;
}

void RedisServer::load(std::uint64_t generation, const Snapshot& snapshot) {
  if (generation != generation_) return;
  cluster_.flushed(*this);
  pointed_by_step_ = false;
  emptied_ = {};
  aside_.reset();  // a stranger that was told to follow is one of the group now
  data_ = snapshot.data;
  base_keys_ = snapshot.base_keys;
  replid_ = snapshot.replid;
  replid2_.clear();
  second_offset_ = -1;
  offset_ = backlog_from_ = snapshot.offset;
  backlog_.clear();
  has_backlog_ = true;
  link_ = LinkState::up;
  was_linked_ = true;
  loading_until_ = cluster_.timeline.now() + cluster_.random.between(1ms, 100ms);
  save();
  drop_downstreams();
}

void RedisServer::receive(std::uint64_t generation, const Entry& entry) {
  if (generation != generation_ || link_ != LinkState::up) return;
  offset_ = entry.end;
  if (entry.write != 0) data_.push_back(entry.write);
  backlog_.push_back(entry);
  relay(entry);
}

}  // namespace sengu::sim
