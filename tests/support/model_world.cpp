#include "tests/support/model_world.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sengu::test {

using namespace std::chrono_literals;
using namespace sengu::health;

namespace {

constexpr auto round_trip = 200us;
constexpr auto journal_time = 2ms;
constexpr auto publish_time = 6ms;   // slower than the journal, so that waiting for it shows
constexpr auto reconnect_cron = 1s;  // replicationCron of a replica that lost its master
constexpr auto partial_resync = 3ms;
constexpr auto full_sync = 50ms;

int number(NodeId id) { return static_cast<int>(index(id)); }
std::size_t at(int node) { return static_cast<std::size_t>(node); }

std::string replid_of(const std::string& name, int runs) { return fmt::format("{}-history-{}", name, runs); }

}  // namespace

config::GroupSettings group_of(int nodes) {
  config::GroupSettings group;
  group.name = "g";
  for (int i = 0; i < nodes; ++i) {
    config::NodeSettings node;
    node.name = std::string(1, static_cast<char>('a' + i));
    node.address = {fmt::format("10.0.0.{}", i + 1), 6379};
    node.replication_address = node.address;
    group.nodes.push_back(node);
  }
  group.health.down_after = 1500ms;
  return group;
}

World::World(const config::GroupSettings& settings) : settings_(&settings) {
  nodes.resize(settings.nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ModelNode& node = nodes[i];
    node.replid = replid_of(settings.nodes[0].name, 1);
    node.offset = 100;
    node.keys = 10;
    node.follows = i == 0 ? -1 : 0;
    node.role = i == 0 ? Role::master : Role::replica;
    node.link_up = i != 0;
    node.priority = settings.nodes[i].priority;
  }
  if (is_sql()) begin_sql();
  log_since_ = now_;
}

void World::start() {
  group_ = Group(*settings_, durable_, found_);
  apply(group_->start(now_));
}

void World::after(Duration delay, std::function<void(World&)> action) {
  pending_.emplace(std::pair(now_ + delay, ++order_),
                   std::make_shared<const std::function<void(World&)>>(std::move(action)));
}

void World::run(Duration duration) {
  const Time end = now_ + duration;
  for (;;) {
    const Time tick = group_->next_deadline();
    const Time due = pending_.empty() ? Time::max() : pending_.begin()->first.first;
    const Time next = std::min(tick, due);
    if (next > end) break;
    now_ = std::max(now_, next);
    replicate();
    if (due <= tick) {
      const auto action = pending_.begin()->second;
      pending_.erase(pending_.begin());
      (*action)(*this);
    } else {
      feed(Tick{});
    }
  }
  now_ = end;
  replicate();
}

void World::feed(const Input& input) { apply(group_->step(now_, input)); }

void World::input(const Input& one) {
  const auto* order = std::get_if<Order>(&one);
  if (order != nullptr && std::holds_alternative<RejoinWish>(order->wish)) operator_acts = true;
  if (const auto* wish = order != nullptr ? std::get_if<FailoverWish>(&order->wish) : nullptr) {
    operator_acts = true;
    loss_accepted |= wish->loss == LossPolicy::accept_loss;
  }
  feed(one);
}

void World::apply(const Commands& commands) {
  for (const Command& command : commands) {
    std::visit([this](const auto& one) { execute(one); }, command);
  }
}

// --- what sengu commands ---

void World::execute(const Probe& probe) {
  const ModelNode& node = nodes[at(number(probe.node))];
  const bool silent = !node.reachable || (node.running && node.frozen);
  after(silent ? Duration(settings_->health.timeout) : Duration(round_trip),
        [id = probe.node, asked = now_, life = life_](World& world) { world.probe_answer(id, asked, life); });
}

void World::probe_answer(NodeId id, Time asked, std::uint64_t life) {
  if (life != life_) return;
  const ModelNode& node = nodes[at(number(id))];
  Observation seen;
  seen.asked = asked;
  seen.answered = now_;
  if (!node.reachable) {
    seen.outcome = Outcome::l4_timeout;
  } else if (!node.running) {
    seen.outcome = Outcome::l4_refused;
  } else if (node.frozen) {
    seen.outcome = Outcome::l7_timeout;
  } else {
    seen.outcome = node.answers;
    if (node.answers == Outcome::ok) seen.info = info_of(number(id));
  }
  feed(ProbeDone{id, seen});
}

ServerInfo World::info_of(int index) const {
  const ModelNode& node = nodes[at(index)];
  ServerInfo info;
  info.role = node.role;
  info.run_id = fmt::format("{}-run-{}", name(index), node.runs);
  info.version = "7.0.15";
  info.replid = node.replid;
  info.replid2 = node.replid2;
  info.offset = node.offset;
  info.second_offset = node.second_offset;
  info.keys = node.keys - std::min(node.missing, node.keys);
  info.expiring = {node.expiring, node.ttl};
  info.save_failed = node.save_failed;
  info.priority = node.priority;
  if (node.follows >= 0) {
    info.master = settings_->nodes[at(node.follows)].replication_address;
    info.link_up = node.link_up;
    info.sync_in_progress = node.syncing;
    if (!node.link_up && node.down_since)
      info.link_down_for = std::chrono::floor<std::chrono::seconds>(now_ - *node.down_since);
  }
  if (is_sql()) tell_sql(index, info);
  return info;
}

void World::execute(const Publish& publish) {
  check_route(publish.route);
  say(fmt::format("route {} {} epoch={} live={}{}{}", to_string(publish.route.state), to_string(publish.route.reason),
                  publish.route.epoch, publish.route.live, publish.route.suspended ? " suspended" : "",
                  publish.route.master ? " master=" + name(number(*publish.route.master)) : ""));
  after(publish_time, [publish, life = life_](World& world) {
    if (life != world.life_) return;
    world.applied_ = publish.route;
    world.feed(Published{publish.serial});
  });
}

void World::execute(const WriteJournal& write) {
  say(fmt::format("journal epoch={} {} master={} target={}", write.record.epoch, to_string(write.record.phase),
                  write.record.master, write.record.target));
  after(journal_time, [write, life = life_](World& world) {
    if (life != world.life_) return;
    if (world.journal_works) {
      if (write.record.epoch < world.highest_epoch_) world.violation("the epoch went back");
      world.highest_epoch_ = write.record.epoch;
      world.durable_ = write.record;
    }
    world.feed(JournalWritten{write.serial, world.journal_works});
  });
}

void World::execute(const RunStep& step) {
  say(fmt::format("step {} {}", to_string(step.step), name(number(step.node))));
  check_step(step);
  if (step.step == Step::promote) check_promote(number(step.node));
  const ModelNode& node = nodes[at(number(step.node))];
  const bool silent = !node.reachable || node.frozen;
  after(silent ? Duration(step.timeout) : answers_after(step), [step, life = life_](World& world) {
    const ModelNode& target = world.nodes[at(number(step.node))];
    StepResult result = StepResult::done;
    if (!target.running || !target.reachable) {
      result = StepResult::unreachable;
    } else if (target.frozen || target.refuses || (target.knows_no_fence && step.step == Step::fence)) {
      result = StepResult::failed;
    } else {
      world.carry_out(step);
    }
    if (life == world.life_) world.feed(StepDone{step.node, step.step, result, ""});
  });
}

void World::carry_out(const RunStep& step) {
  if (is_sql()) return carry_out_sql(step);
  const int index = number(step.node);
  ModelNode& node = nodes[at(index)];
  const auto master_index = [&] {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (settings_->nodes[i].replication_address == step.master) return static_cast<int>(i);
    }
    return -1;
  };
  switch (step.step) {
    case Step::fence:
    case Step::unfence: break;
    case Step::promote: make_master_by_hand(index); break;
    case Step::repoint:
    case Step::demote:
    case Step::demote_emptied:
      node.pointed_by_sengu = true;
      follow(index, master_index());
      break;
    case Step::rehandshake:
      node.link_up = false;
      node.down_since = now_;
      node.reconnect_at = now_ + partial_resync;
      break;
    default: break;
  }
}

void World::execute(const AskDeciders& question) {
  const ModelNode& node = nodes[at(number(question.node))];
  const bool silent = !node.reachable || (node.running && node.frozen);
  after(silent ? Duration(question.timeout) : Duration(round_trip), [id = question.node, life = life_](World& world) {
    if (life != world.life_) return;
    const ModelNode& asked = world.nodes[at(number(id))];
    if (!asked.running || !asked.reachable || asked.frozen)
      return world.feed(DecidersTold{id, std::nullopt, "no answer"});
    world.feed(DecidersTold{id, asked.deciders, {}, asked.settings});
  });
}

void World::execute(const Emit& emit) { say(fmt::format("{} {}", to_string(emit.event.kind), emit.event.text)); }

void World::execute(const Answer& answer) {
  say(fmt::format("answer {}: {}", answer.outcome.done() ? "ok" : "refused", answer.outcome.text));
}

// --- replication ---

void World::follow(int index, int master) {
  ModelNode& node = nodes[at(index)];
  node.role = Role::replica;
  node.follows = master;
  node.link_up = false;
  node.down_since.reset();
  node.syncing = false;
  node.reconnect_at = now_ + partial_resync;
}

void World::drop_link(int master) {
  for (ModelNode& node : nodes) {
    if (node.running && node.follows == master && node.link_up) {
      node.link_up = false;
      node.down_since = now_;
      node.reconnect_at = now_ + reconnect_cron;
    }
  }
}

/// Brings every replica up to the present instant: the chain from the master down.
void World::replicate() {
  for (std::size_t hops = 0; hops < nodes.size(); ++hops) {
    for (ModelNode& node : nodes) {
      if (!node.running || node.frozen || node.follows < 0) continue;
      const ModelNode& master = nodes[at(node.follows)];
      if (is_sql()) {
        replicate_sql(node, master);
        continue;
      }
      if (!master.running || master.frozen) continue;
      if (node.link_up) {
        node.offset = master.offset;
        node.keys = master.keys;
      } else if (now_ >= node.reconnect_at) {
        sync(node, master);
      }
    }
  }
}

void World::sync(ModelNode& node, const ModelNode& master) {
  const bool same = node.replid == master.replid && node.offset <= master.offset;
  const bool before_switch = node.replid == master.replid2 && node.offset < master.second_offset;
  if (same || before_switch) {
    node.replid = master.replid;
    node.replid2 = master.replid2;
    node.second_offset = master.second_offset;
    node.link_up = true;
    node.pointed_by_sengu = false;  // what its master does to it from now on is not sengu's doing
    return;
  }
  if (!node.syncing) {
    node.syncing = true;
    node.reconnect_at = now_ + full_sync;
    return;
  }
  const bool last_copy = std::none_of(nodes.begin(), nodes.end(), [&](const ModelNode& other) {
    return &other != &node && other.running && other.keys * 2 >= node.keys;
  });
  if (node.pointed_by_sengu && last_copy && node.keys > 0 && !loss_accepted) violation("the last copy was wiped");
  node.syncing = false;
  node.replid = master.replid;
  node.replid2 = master.replid2;
  node.second_offset = master.second_offset;
  node.offset = master.offset;
  node.keys = master.keys;
  node.missing = master.missing;
  node.link_up = true;
  node.pointed_by_sengu = false;
}

// --- faults ---

void World::kill(int index) {
  ModelNode& node = nodes[at(index)];
  node.running = false;
  node.frozen = false;
  drop_link(index);
  if (node.reachable) feed(ConnectionLost{NodeId{static_cast<std::uint16_t>(index)}});
}

void World::restart(int index, Memory memory) {
  if (is_sql()) return restart_sql(index, memory);
  ModelNode& node = nodes[at(index)];
  node.running = true;
  ++node.runs;
  node.pointed_by_sengu = false;
  node.replid2.clear();
  node.second_offset = -1;
  node.link_up = false;
  node.syncing = false;
  node.reconnect_at = now_ + partial_resync;
  node.down_since.reset();
  node.replid = replid_of(name(index), node.runs);
  node.offset = 0;
  if (memory == Memory::lost) node.keys = node.missing = 0;
  if (memory != Memory::saved) return;
  node.offset = node.saved.offset;
  node.keys = node.saved.keys;
  if (node.role == Role::replica) {
    node.replid = node.saved.replid;
  } else {
    node.replid2 = node.saved.replid;
    node.second_offset = node.saved.offset + 1;
  }
}

void World::freeze(int index) { nodes[at(index)].frozen = true; }
void World::thaw(int index) { nodes[at(index)].frozen = false; }
void World::cut_path(int index) { nodes[at(index)].reachable = false; }
void World::heal_path(int index) { nodes[at(index)].reachable = true; }

void World::write(int index, int count) {
  ModelSql& sql = nodes[at(index)].sql;
  if (is_sql())
    sql.executed.add(*GtidSet::parse_mysql(fmt::format("{}:{}-{}", sql.uuid, sql.written + 1, sql.written + count)));
  sql.written += count;
  nodes[at(index)].keys += static_cast<std::uint64_t>(count);
  nodes[at(index)].offset += count * 40;
  replicate();
}

void World::deafen(int index) {
  if (nodes[at(index)].link_up) nodes[at(index)].down_since = now_;
  nodes[at(index)].link_up = false;
  nodes[at(index)].reconnect_at = Time::max();
}

void World::mend_link(int index) { nodes[at(index)].reconnect_at = now_; }

void World::save(int index) {
  ModelNode& node = nodes[at(index)];
  node.saved = {node.replid, node.offset, node.keys};
}

void World::delete_keys(int index, std::uint64_t count) { nodes[at(index)].missing += count; }

void World::be_a_stranger(int index, std::uint64_t keys) {
  restart(index, Memory::lost);
  ModelNode& node = nodes[at(index)];
  node.role = Role::master;
  node.follows = -1;
  node.keys = keys;
  node.offset = 5;
}

void World::make_master_by_hand(int index) {
  ModelNode& node = nodes[at(index)];
  if (node.role == Role::master) return is_sql() ? open_by_hand(index) : void();
  node.role = Role::master;
  node.follows = -1;
  node.link_up = false;
  node.syncing = false;
  open_by_hand(index);
  node.sql.relay_log.clear();
  node.sql.received = node.sql.executed;
  node.replid2 = node.replid;
  node.second_offset = node.offset + 1;
  node.replid = fmt::format("{}-promoted-at-{}", name(index), node.replid2);
}

void World::client_kill(int index) { feed(ConnectionLost{NodeId{static_cast<std::uint16_t>(index)}}); }

void World::restart_sengu() {
  ++life_;
  applied_ = {};
  start();
}

void World::damage_journal() {
  durable_.reset();
  found_ = JournalFound::damaged;
  highest_epoch_ = 0;
}

void World::stall_sengu(Duration duration) {
  now_ += duration;
  replicate();
}

int World::master() const { return applied_.state == RouteState::open ? number(*applied_.master) : -1; }

void World::say(const std::string& line) {
  const double ms = std::chrono::duration<double, std::milli>(now_ - log_since_).count();
  log_.push_back(fmt::format("  {:9.1f} ms  {}", ms, line));
}

std::vector<std::string> World::take_log() {
  log_since_ = now_;
  return std::exchange(log_, {});
}

}  // namespace sengu::test
