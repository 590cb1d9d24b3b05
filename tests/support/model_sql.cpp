// What a server of MySQL does in the modelled world: it receives into a relay log and applies later, comes back
// read-only with all it had, and joins a master without a word about transactions of its own (tried on MySQL 9.7).
#include <algorithm>

#include <fmt/format.h>

#include "tests/support/model_world.hpp"

namespace sengu::test {

using namespace std::chrono_literals;
using namespace sengu::health;

namespace {

constexpr auto round_trip = 200us;
constexpr auto reconnect = 3ms;
constexpr auto begin_of_time = 1'800'000'000s;  // since 1970, by the servers' clocks

std::size_t at(int node) { return static_cast<std::size_t>(node); }
std::size_t at(NodeId id) { return index(id); }

std::chrono::seconds started_of(const ModelNode& node) {
  return begin_of_time + std::chrono::floor<std::chrono::seconds>(node.sql.started.time_since_epoch());
}

GtidSet united(GtidSet one, const GtidSet& other) {
  one.add(other);
  return one;
}

}  // namespace

void World::begin_sql() {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ModelSql& sql = nodes[i].sql;
    sql.uuid = fmt::format("0000000{}-0000-0000-0000-000000000001", static_cast<char>('a' + i));
    sql.executed = *GtidSet::parse_mysql(fmt::format("{}:1-10", nodes[0].sql.uuid));
    sql.received = sql.executed;
    sql.started = now_ - 1h;
    sql.writable = i == 0;
  }
  nodes[0].sql.written = 10;
}

void World::tell_sql(int index, ServerInfo& info) const {
  const ModelNode& node = nodes[at(index)];
  SqlInfo sql;
  sql.executed = node.sql.executed;
  sql.received = united(node.sql.received, node.sql.executed);
  sql.uptime = std::chrono::duration_cast<std::chrono::seconds>(now_ - node.sql.started);
  sql.started = started_of(node);
  sql.receiving = node.follows >= 0 && node.sql.receiving;
  sql.applying = node.follows >= 0 && node.sql.applying;
  sql.apply_error = node.sql.apply_error;
  sql.delay = node.sql.delay;
  if (node.sql.mariadb) sql.flavour = SqlInfo::Flavour::mariadb;
  sql.semi_sync_source = node.sql.source;
  sql.semi_sync_waiting = node.sql.waiting;
  sql.semi_sync_replica = node.sql.replica;
  info.role = node.follows < 0 && node.sql.writable ? Role::master : Role::replica;
  info.run_id = node.sql.uuid;
  info.version = "9.7.0";
  info.offset = sql.received.position();
  info.read_only = !node.sql.writable;
  info.keys = 0;
  info.replid.clear();
  info.replid2.clear();
  info.link_up = node.follows >= 0 && node.link_up;
  info.sql = std::move(sql);
}

void World::replicate_sql(ModelNode& node, const ModelNode& master) {
  const bool connects = node.sql.receiving && master.running && !master.frozen;
  if (connects && !node.link_up && now_ >= node.reconnect_at) node.link_up = true;
  if (connects && node.link_up) {
    GtidSet fresh = master.sql.executed.without(united(node.sql.received, node.sql.executed));
    if (!fresh.empty()) {
      node.sql.received.add(fresh);
      node.sql.relay_log.push_back({now_ + node.sql.applies_after + node.sql.delay, std::move(fresh)});
    }
  }
  apply_sql(node);
}

void World::apply_sql(ModelNode& node) {
  while (node.sql.applying && !node.sql.relay_log.empty() && node.sql.relay_log.front().due <= now_) {
    node.sql.executed.add(node.sql.relay_log.front().gtids);
    node.sql.relay_log.erase(node.sql.relay_log.begin());
  }
}

/// The wait for the relay log is answered when it is over.
Duration World::answers_after(const RunStep& step) const {
  const ModelSql& sql = nodes[at(step.node)].sql;
  if (step.step != Step::apply_received || sql.relay_log.empty()) return round_trip;
  return std::clamp<Duration>(sql.relay_log.back().due - now_, round_trip, step.timeout);
}

void World::execute(const AskEvents& question) {
  if (!nodes[at(question.node)].sql.events) return;
  after(round_trip, [id = question.node, life = life_](World& world) {
    if (life == world.life_) world.feed(EventsTold{id, world.nodes[at(id)].sql.events, {}});
  });
}

void World::schedule_events() {
  using State = ScheduledEvent::State;
  for (ModelNode& node : nodes) {
    ScheduledEvents& events = node.sql.events.emplace();
    const bool is_master = node.follows < 0;
    if (is_master) events.scheduler = ScheduledEvents::Scheduler::on;
    const auto as = [&](State state) { return is_master ? state : State::replica_side_disabled; };
    events.all.push_back({"shop", "sum", "app@%", "utf8mb4", "utf8mb4_bin", as(State::enabled)});
    events.all.push_back({"shop", "purge", "root@localhost", "utf8mb4", "utf8mb4_bin", as(State::disabled)});
  }
}

/// An ALTER reaches the others as SLAVESIDE_DISABLED.
void World::follow_events_sql(const ModelNode& master, const ScheduledEvents& wanted) {
  for (ModelNode& node : nodes) {
    if (!node.sql.events) continue;
    const bool here = &node == &master;
    if (here) node.sql.events->scheduler = wanted.scheduler;
    for (ScheduledEvent& one : node.sql.events->all) {
      if (find(wanted, one) == nullptr) continue;
      const bool waits = one.state == ScheduledEvent::State::replica_side_disabled;
      if (here && waits) one.state = ScheduledEvent::State::enabled;
      if (!here) one.state = ScheduledEvent::State::replica_side_disabled;
    }
  }
}

void World::carry_out_sql(const RunStep& step) {
  ModelNode& node = nodes[at(step.node)];
  switch (step.step) {
    case Step::fence:
      node.sql.writable = false;
      if (node.sql.events && settings_->scheduled_events == config::ScheduledEvents::follow)
        node.sql.events->scheduler = ScheduledEvents::Scheduler::off;
      break;
    case Step::unfence: open_by_hand(static_cast<int>(index(step.node))); break;
    case Step::promote:
      make_master_by_hand(static_cast<int>(index(step.node)));
      if (node.sql.replica == SemiSync::on) node.sql.source = SemiSync::on;
      break;
    case Step::repoint:
    case Step::demote:
    case Step::demote_emptied:
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (settings_->nodes[i].replication_address == step.master)
          follow(static_cast<int>(index(step.node)), static_cast<int>(i));
      }
      node.sql.writable = false;
      node.sql.receiving = true;
      if (step.loss == LossPolicy::keep_writes) break;
      node.sql.relay_log.clear();
      node.sql.received = node.sql.executed;
      break;
    case Step::stop_receiving: node.sql.receiving = node.link_up = false; break;
    case Step::start_receiving:
    case Step::rehandshake:
      node.sql.receiving = true;
      node.link_up = false;
      node.reconnect_at = now_ + reconnect;
      break;
    case Step::lift_delay:
      node.sql.delay = 0s;
      node.sql.applying = true;
      for (auto& waiting : node.sql.relay_log) waiting.due = std::min(waiting.due, now_ + node.sql.applies_after);
      break;
    case Step::semi_sync_on: node.sql.source = SemiSync::on; break;
    case Step::semi_sync_off: node.sql.source = SemiSync::off; break;
    case Step::apply_received: break;
    case Step::follow_events: follow_events_sql(node, step.events); break;
  }
}

/// As the manual asks for: read_only=ON in its configuration.
void World::restart_sql(int index, Memory memory) {
  ModelNode& node = nodes[at(index)];
  node.running = true;
  node.sql.writable = restarts_read_only ? false : node.follows < 0;
  node.sql.closed_by_hand = false;
  if (node.sql.source == SemiSync::on) node.sql.source = SemiSync::off;  // set while it ran
  node.sql.started = now_;
  node.link_up = false;
  node.reconnect_at = now_ + reconnect;
  if (memory == Memory::kept) return;
  node.sql = {};
  node.sql.uuid = fmt::format("0000000{}-0000-0000-0000-00000000000{}", static_cast<char>('a' + index), ++node.runs);
  node.sql.started = now_;
  node.follows = -1;
  node.role = Role::master;
}

void World::close_by_hand(int index) {
  ModelSql& sql = nodes[at(index)].sql;
  sql.closed_by_hand = sql.writable;
  sql.writable = false;
}

void World::open_by_hand(int index) {
  nodes[at(index)].sql.writable = true;
  nodes[at(index)].sql.closed_by_hand = false;
}

/// What a person made read-only is neither lifted unasked nor replaced while it lives.
void World::check_by_hand_is_kept(const RunStep& step) {
  const bool opens = step.step == Step::promote || step.step == Step::unfence;
  if (!opens || operator_acts || !durable_) return;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const ModelNode& node = nodes[i];
    if (!node.sql.closed_by_hand || node.follows >= 0 || durable_->master != settings_->nodes[i].name) continue;
    if (durable_->server_started != started_of(node)) continue;  // not known to have been the master
    const bool lives = node.running && !node.frozen && node.reachable;
    if (index(step.node) == i && !durable_->fenced) violation("what a person made read-only was made writable");
    if (index(step.node) != i && lives) violation("promoted over a living master that a person made read-only");
  }
}

void World::lose_tail(int index, int count) {
  ModelSql& sql = nodes[at(index)].sql;
  sql.executed = sql.executed.without(
      *GtidSet::parse_mysql(fmt::format("{}:{}-{}", sql.uuid, sql.written - count + 1, sql.written)));
  sql.written -= count;
}

void World::wait_for_acknowledgement(int index, int count) {
  const int written = nodes[at(index)].sql.written;
  lose_tail(index, count);
  nodes[at(index)].sql.written = written;
  nodes[at(index)].sql.waiting = count;
}

void World::acknowledge(int index) {
  ModelSql& sql = nodes[at(index)].sql;
  sql.executed.add(*GtidSet::parse_mysql(fmt::format("{}:1-{}", sql.uuid, sql.written)));
  sql.waiting = 0;
}

void World::check_promote_sql(int target) {
  const ModelSql& chosen = nodes[at(target)].sql;
  if (!chosen.relay_log.empty()) violation("promoted with unapplied transactions");
  for (const ModelNode& other : nodes) {
    const bool eligible = other.running && !other.frozen && other.reachable && other.follows >= 0 &&
                          other.priority > 0 && other.sql.applying && other.sql.apply_error.empty();
    if (eligible && !united(chosen.received, chosen.executed).contains(other.sql.received))
      violation("a better candidate was passed over");
    const bool may_get_more = other.link_up && nodes[at(other.follows)].sql.writable;
    if (eligible && &other != &nodes[at(target)] && may_get_more) violation("promoted while a replica still receives");
  }
}

}  // namespace sengu::test
