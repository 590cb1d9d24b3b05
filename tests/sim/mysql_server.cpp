// The server as its clients meet it: statements, sengu's steps among them, and what a restart finds. What it does with
// its source and its replicas is in mysql_replication.cpp.
#include "tests/sim/mysql_server.hpp"

namespace sengu::sim {

using namespace std::chrono_literals;
using health::LossPolicy;
using health::Outcome;
using health::SemiSync;
using health::Step;

namespace {

constexpr std::int64_t first_data = 1000;  // transactions of the first server, before anything is watched
constexpr int most_unsynced = 20;          // transactions that a host takes with it, where sync_binlog is not 1
constexpr int next_uuid = 100;
constexpr auto begin_of_time = 1'800'000'000s;  // since 1970, by the servers' clocks

}  // namespace

// --- faults ---

void MysqlServer::start_as(int master) {
  running_ = true;
  ++life_;
  source_ = index_;
  started_ = cluster_.timeline.now();
  append({0, 1, first_data, 0, true});
  executed_ = received_ = logged_;
  read_only_ = master >= 0;
  semi_sync_source_ = options_.semi_sync && master < 0;
  semi_sync_replica_ = options_.semi_sync;
  apply_time_ = usual_apply_time;
  if (master >= 0) {
    change_source(master);
    start_replication();
  }
  beat();
}

void MysqlServer::forget() {
  ++generation_;
  receiver_ = Receiver::stopped;
  waiting_.clear();
  postponed_.clear();
  hanging_.clear();
  fence_hangs_ = apply_pending_ = false;
  drop_downstreams();
}

void MysqlServer::restart(Kept kept) {
  running_ = true;
  ++life_;
  started_ = cluster_.timeline.now();
  const auto log = std::exchange(log_, {});
  std::size_t kept_log = kept == Kept::nothing ? 0 : log.size();
  if (kept == Kept::snapshot)
    kept_log -= std::min(kept_log, static_cast<std::size_t>(cluster_.random.below(most_unsynced)));
  ackers_.clear();
  writes_.clear();
  logged_ = {};
  for (std::size_t i = 0; i < kept_log; ++i) append(log[i]);
  executed_ = logged_;  // what waited for an acknowledgement is recovered as committed
  if (kept == Kept::nothing) {
    source_ += next_uuid;
    follows_ = -1;
    delay_ = {};
  }
  if (kept != Kept::everything) relay_log_.clear();
  received_ = executed_;
  for (const Received& received : relay_log_)
    if (!received_.contains(received.one)) received_.add(received.one);
  read_only_ = options_.starts_read_only;
  closed_by_hand_ = fenced_by_step_ = false;
  semi_sync_source_ = options_.semi_sync && options_.source_flag_stays;
  semi_sync_replica_ = options_.semi_sync;
  apply_time_ = usual_apply_time;
  applying_ = true;
  stopped_by_step_.reset();
  left_halfway_.reset();
  receive_error_.clear();
  down_since_.reset();
  busy_until_ = {};
  if (follows_ >= 0) connect();
  apply_soon();
  beat();
}

void MysqlServer::obey(const Request& step) {
  if (!running_) return;
  actor_.run([this, step] {
    const auto conversation = std::make_shared<Conversation>();
    conversation->by_hand = true;
    conversation->statements = statements_of(step);
    begin(conversation);
  });
}

bool MysqlServer::close_by_hand() {
  if (!usable() || !is_master() || fence_hangs_ || !waiting_.empty()) return false;
  read_only_ = closed_by_hand_ = true;
  return true;
}

void MysqlServer::open_by_hand() { read_only_ = closed_by_hand_ = fenced_by_step_ = false; }

std::chrono::seconds MysqlServer::started() const {
  return begin_of_time + std::chrono::floor<std::chrono::seconds>(started_.time_since_epoch());
}

void MysqlServer::write_directly(int count) {
  if (!usable() || read_only_ || fence_hangs_) return;
  write_in_spite_of_read_only(count);
}

void MysqlServer::write_in_spite_of_read_only(int count) {
  if (!usable()) return;
  for (int i = 0; i < count; ++i) write_own(0, {});
}

void MysqlServer::switch_semi_sync_source(SemiSync to) {
  semi_sync_source_ = to == SemiSync::on;
  if (!semi_sync_source_) release(log_.size());
}

void MysqlServer::switch_semi_sync_replica(SemiSync to) {
  const bool on = options_.semi_sync && to == SemiSync::on;
  if (std::exchange(semi_sync_replica_, on) == on || !receives()) return;
  disconnect();
  connect();
}

// --- clients ---

void MysqlServer::execute(const std::shared_ptr<Connection>& connection, const Request& request) {
  Reply reply;
  if (busy()) {
    reply.outcome = Outcome::error;  // 1040, too many connections
    return answer(connection, reply);
  }
  switch (request.kind) {
    case Request::Kind::info:
      reply.info = info();
      reply.logged = log_.size();
      return answer(connection, reply);
    case Request::Kind::clients: reply.deciders = deciders; return answer(connection, reply);
    case Request::Kind::set: return write(connection, request.write);
    case Request::Kind::step: {
      const auto conversation = std::make_shared<Conversation>();
      conversation->connection = connection;
      conversation->statements = statements_of(request);
      return begin(conversation);
    }
  }
}

void MysqlServer::write(const std::shared_ptr<Connection>& connection, WriteId write) {
  if (fence_hangs_) {
    postponed_.emplace_back(connection, write);
  } else if (read_only_) {
    Reply reply;
    reply.outcome = Outcome::error;  // 1290
    answer(connection, reply);
  } else {
    write_own(write, connection);
  }
}

void MysqlServer::begin(const SharedConversation& conversation) { go_on(conversation); }

/// A client that has gone sends no further statement; the one that is under way is carried out all the same.
void MysqlServer::go_on(const SharedConversation& conversation) {
  const auto connection = conversation->connection.lock();
  const auto end = [&](Outcome outcome) {
    Reply reply;
    reply.outcome = outcome;
    if (connection) answer(connection, reply);
  };
  if (!conversation->by_hand && !(connection && stands(*connection))) {
    if (!conversation->statements.empty()) left_halfway_ = cluster_.timeline.now();
    return;
  }
  if (conversation->statements.empty()) return end(Outcome::ok);
  const Statement& statement = conversation->statements.front();
  if (statement.ready && !statement.ready()) {
    hanging_.push_back(conversation);
    return;
  }
  if (!statement.run()) return end(Outcome::error);
  conversation->statements.pop_front();
  if (conversation->by_hand) return go_on(conversation);
  cluster_.timeline.after(cluster_.random.between(100us, 1ms), [this, conversation, life = life_] {
    if (life == life_ && running_) actor_.run([this, conversation] { go_on(conversation); });
  });
}

void MysqlServer::look_at_hanging() {
  for (const SharedConversation& conversation : std::exchange(hanging_, {})) {
    const Statement& statement = conversation->statements.front();
    if (!statement.ready()) {
      hanging_.push_back(conversation);
      continue;
    }
    conversation->statements.front().ready = nullptr;
    const auto connection = conversation->connection.lock();
    if (conversation->by_hand || (connection && stands(*connection))) {
      go_on(conversation);
    } else {
      statement.run();
    }
  }
}

/// Waits for the transactions that wait for an acknowledgement, and new ones wait for it (tried on 9.7 and 10.11).
MysqlServer::Statement MysqlServer::fence() {
  return {[this] {
            fence_hangs_ = !waiting_.empty();
            return !fence_hangs_;
          },
          [this] {
            fenced_by_step_ |= !read_only_;
            read_only_ = true;
            for (const auto& [weak, write] : std::exchange(postponed_, {})) {
              Reply reply;
              reply.outcome = Outcome::error;
              if (const auto connection = weak.lock()) answer(connection, reply);
            }
            return true;
          }};
}

std::deque<MysqlServer::Statement> MysqlServer::promotion(LossPolicy loss) {
  const auto may_go_on = [this, loss] { return loss == LossPolicy::accept_loss || relay_log_.empty(); };
  const auto stop = [this, may_go_on] {
    if (receives()) stopped_by_step_ = cluster_.timeline.now();
    disconnect();
    applying_ = false;
    return may_go_on();
  };
  const auto forget_source = [this] {
    disconnect();
    drop_relay_log();
    follows_ = -1;
    delay_ = {};
    stopped_by_step_.reset();
    down_since_.reset();
    applying_ = true;
    return true;
  };
  const auto switch_on = [this] {
    if (options_.semi_sync) semi_sync_source_ = true;
    return true;
  };
  const auto open = [this] {
    open_by_hand();
    return true;
  };
  return {{nullptr, may_go_on},
          {[this] { return !applier_waits(); }, stop},
          {nullptr, switch_on},
          {nullptr, open},
          {nullptr, forget_source}};
}

/// With both threads stopped the CHANGE deletes the relay log (tried on MySQL 9.7).
std::deque<MysqlServer::Statement> MysqlServer::lifting() {
  const auto start_receiver = [this] {
    if (!receives()) connect();
    return true;
  };
  const auto stop_applier = [this] {
    applying_ = false;
    return true;
  };
  const auto change = [this] {
    if (!receives()) drop_relay_log();
    delay_ = {};
    return true;
  };
  const auto start_applier = [this] {
    applying_ = true;
    apply_soon();
    return true;
  };
  const auto stop_receiver = [this] {
    stopped_by_step_ = cluster_.timeline.now();
    disconnect();
    return true;
  };
  return {{nullptr, start_receiver},
          {[this] { return !applier_waits(); }, stop_applier},
          {nullptr, change},
          {nullptr, start_applier},
          {nullptr, stop_receiver}};
}

std::deque<MysqlServer::Statement> MysqlServer::statements_of(const Request& request) {
  const auto at_once = [](auto act) {
    return Statement{nullptr, [act] {
                       act();
                       return true;
                     }};
  };
  const Statement stop{[this] { return !applier_waits(); },
                       [this] {
                         disconnect();
                         applying_ = false;
                         return true;
                       }};
  const Statement change = at_once([this, master = request.master] { change_source(master); });
  const Statement start = at_once([this] { start_replication(); });
  const Statement switch_off = at_once([this] { switch_semi_sync_source(SemiSync::off); });
  switch (request.step) {
    case Step::fence: return {switch_off, fence()};
    case Step::unfence: return {at_once([this] { open_by_hand(); })};
    case Step::promote: return promotion(request.loss);
    case Step::repoint: {
      std::deque<Statement> statements{stop, change, start};
      if (follows_ >= 0 && applying_ && request.loss == LossPolicy::keep_writes)
        statements = {at_once([this] { disconnect(); }), at_once([this, master = request.master] { point_at(master); }),
                      start};
      if (follows_ >= 0 && !read_only_) statements.insert(statements.begin(), {switch_off, fence()});
      return statements;
    }
    case Step::demote:
    case Step::demote_emptied: return {switch_off, fence(), stop, change, start};
    case Step::rehandshake: return {at_once([this] { disconnect(); }), at_once([this] { start_receiving(); })};
    case Step::stop_receiving:
      return {at_once([this] {
        if (receives()) stopped_by_step_ = cluster_.timeline.now();
        disconnect();
      })};
    case Step::start_receiving: return {at_once([this] { start_receiving(); })};
    case Step::apply_received: return {{[this] { return relay_log_.empty(); }, [] { return true; }}};
    case Step::lift_delay: return lifting();
    case Step::semi_sync_on: return {at_once([this] { switch_semi_sync_source(SemiSync::on); })};
    case Step::semi_sync_off: return {switch_off};
    case Step::follow_events: break;  // no server here has scheduled events
  }
  return {};
}

health::SqlInfo MysqlServer::sql_info() const {
  health::SqlInfo sql;
  sql.executed = executed_.as_gtids();
  sql.received = received_.as_gtids();
  sql.uptime = std::chrono::duration_cast<std::chrono::seconds>(cluster_.timeline.now() - started_);
  sql.started = started();
  sql.receiving = follows_ >= 0 && receives();
  sql.applying = follows_ >= 0 && applying_ && apply_error_.empty();
  sql.receive_error = receive_error_;
  sql.apply_error = follows_ >= 0 ? apply_error_ : "";
  sql.delay = std::chrono::duration_cast<std::chrono::seconds>(delay_);
  sql.heartbeats = heartbeats_;
  sql.heartbeat_period = std::chrono::duration_cast<Milliseconds>(options_.heartbeat_period);
  sql.net_timeout = std::chrono::duration_cast<std::chrono::seconds>(options_.net_timeout);
  const auto flag = [](bool on) { return on ? SemiSync::on : SemiSync::off; };
  sql.semi_sync_source = options_.semi_sync ? flag(semi_sync_source_) : SemiSync::absent;
  sql.semi_sync_replica = options_.semi_sync ? flag(semi_sync_replica_) : SemiSync::absent;
  sql.semi_sync_clients = static_cast<int>(
      std::count_if(downstreams_.begin(), downstreams_.end(), [](const Downstream& one) { return one.acknowledges; }));
  sql.semi_sync_waiting = static_cast<int>(waiting_.size());
  return sql;
}

health::ServerInfo MysqlServer::info() const {
  health::ServerInfo info;
  info.role = is_master() ? health::Role::master : health::Role::replica;
  info.run_id = run_id();
  info.version = "9.7.4";
  info.read_only = read_only_;
  info.sql = sql_info();
  info.offset = info.sql->received.count();
  if (follows_ < 0) return info;
  info.master = mysql(follows_).settings_.replication_address;
  info.link_up = link_up();
  return info;
}

}  // namespace sengu::sim
