#include "tests/sim/world.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "tests/sim/faults.hpp"
#include "tests/sim/mysql_server.hpp"
#include "tests/sim/redis_server.hpp"

namespace sengu::sim {

using namespace std::chrono_literals;

namespace {

constexpr auto settling = 3s;  // before the first fault
constexpr auto trouble = 12s;  // while faults happen
constexpr auto long_trouble = 30s;
constexpr auto recovery = 30s;  // after the last
constexpr int writers = 3;
constexpr auto impatient = 500ms;
constexpr auto patient = 10s;  // its write waits through a stall

config::GroupSettings settings_of(Random& random, config::Kind kind) {
  config::GroupSettings group;
  group.kind = kind;
  group.name = "g";
  const int nodes = random.chance(45) ? 3 : random.chance(75) ? 5 : 2;
  for (int i = 0; i < nodes; ++i) {
    config::NodeSettings node;
    node.name = std::string(1, static_cast<char>('a' + i));
    node.address = node.replication_address = {fmt::format("10.0.0.{}", i + 1), 6379};
    group.nodes.push_back(node);
  }
  group.health.interval = random.chance(50) ? 500ms : 100ms;
  group.health.timeout = 500ms;
  group.health.down_after = 1500ms;
  group.failover.cooldown = 2s;
  group.failover.amnesia_wait = 5s;
  if (random.chance(15)) group.failover.on_process_death = config::OnProcessDeath::down_after;
  if (random.chance(5)) group.failover.mode = config::Mode::manual;
  if (random.chance(3)) group.failover.mode = config::Mode::observe;
  return group;
}

MysqlServer::Options options_of(Random& random) {
  MysqlServer::Options options;
  options.semi_sync = random.chance(60);
  options.starts_read_only = random.chance(50);
  options.source_flag_stays = random.chance(10);
  const bool recommended = random.chance(75);
  options.net_timeout = recommended ? random.between(2s, 5s) : 60s;
  options.heartbeat_period = recommended || random.chance(50) ? Duration(500ms) : Duration(30s);
  return options;
}

class World {
 public:
  World(std::uint64_t seed, config::Kind kind, Telling telling);
  Result run();

 private:
  void say(const std::string& line);
  void plan_faults();
  void look_for_liveness();
  void operator_helps();
  bool is_routed() const;

  Telling telling_;
  std::uint64_t hash_ = 14695981039346656037ULL;  // FNV-1a
  Timeline timeline_;
  Random random_;
  Network network_{timeline_, random_};
  config::GroupSettings settings_;
  MysqlServer::Options options_;
  std::vector<std::unique_ptr<Server>> servers_;
  Judge judge_;
  Server::Cluster cluster_;
  Sengu sengu_;
  Stage stage_;
  std::vector<std::shared_ptr<Writer>> writers_;
  WriteId last_write_ = 0;
  bool lasts_ = false;  // the trouble, for longer than a candidate may be deaf
};

World::World(std::uint64_t seed, config::Kind kind, Telling telling)
    : telling_(telling), random_(seed), settings_(settings_of(random_, kind)),
      options_(kind == config::Kind::mysql ? options_of(random_) : MysqlServer::Options{}),
      judge_({timeline_, network_, servers_, settings_, [this](const std::string& line) { say(line); }}),
      cluster_{timeline_,
               random_,
               network_,
               servers_,
               [this](Server& server) { judge_.on_flush(server); },
               [this](const Server& server) { return judge_.is_rightful(server); }},
      sengu_(
          {timeline_, random_, network_, servers_, settings_, judge_, [this](const std::string& line) { say(line); }}),
      stage_{timeline_, random_, network_, servers_,
             kind,      sengu_,  judge_,   [this](const std::string& line) { say(line); }} {
  judge_.watch(sengu_);
  for (std::size_t i = 0; i < settings_.nodes.size(); ++i) {
    const int index = static_cast<int>(i);
    if (kind == config::Kind::mysql) {
      servers_.push_back(std::make_unique<MysqlServer>(cluster_, settings_.nodes[i], index, options_));
    } else {
      auto server = std::make_unique<RedisServer>(cluster_, settings_.nodes[i], index);
      server->flushes_before_load = random_.chance(20);
      servers_.push_back(std::move(server));
    }
  }
}

void World::say(const std::string& line) {
  for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  hash_ = (hash_ ^ static_cast<std::uint64_t>(timeline_.now().time_since_epoch().count())) * 1099511628211ULL;
  if (telling_ == Telling::hash) return;
  const double ms =
      std::chrono::duration<double, std::milli>(timeline_.now().time_since_epoch() - std::chrono::hours(1)).count();
  std::printf("%10.3f ms  %s\n", ms, line.c_str());
}

void World::plan_faults() {
  if (lasts_) timeline_.after(settling, [this] { replica_is_locked_out(stage_); });
  const int count = 1 + random_.below(6);
  Duration at = random_.between(0ms, 2s);
  for (int i = 0; i < count; ++i) {
    timeline_.after(settling + at, [this] { something_happens(stage_); });
    // Half of them soon after the one before, where a failover is under way.
    at += random_.chance(50) ? random_.between(0ms, 60ms) : random_.between(0ms, 3s);
  }
}

void World::look_for_liveness() {
  timeline_.after(200ms, [this] {
    judge_.check_liveness();
    look_for_liveness();
  });
}

/// What is left to people by design: someone looks at the nodes and names the one with the most.
void World::operator_helps() {
  std::vector<const Server*> best;
  for (const auto& server : servers_) best.push_back(server.get());
  std::stable_sort(best.begin(), best.end(),
                   [&](const auto* a, const auto* b) { return judge_.holds(*a) > judge_.holds(*b); });
  judge_.operator_acts();
  judge_.operator_accepts_loss();
  const auto once = best;
  best.insert(best.end(), once.begin(), once.end());  // and again, where sengu died over it
  for (const Server* server : best) {
    if (is_routed()) return;
    say("the operator names " + server->name());
    const health::NodeId id{static_cast<std::uint16_t>(server->index())};
    sengu_.input(health::Order{health::RequestId{3}, health::FailoverWish{id, health::LossPolicy::accept_loss}});
    timeline_.run_until(timeline_.now() + recovery / 3);
  }
}

bool World::is_routed() const {
  const auto status = sengu_.status();
  return status && status->route == health::RouteState::open;
}

Result World::run() {
  const Time begin = timeline_.now();
  for (const auto& server : servers_) server->start_as(server->index() == 0 ? -1 : 0);
  timeline_.run_until(begin + 6s);  // the first full syncs
  if (random_.chance(20)) sengu_.crash_at(static_cast<health::CrashPoint>(1 + random_.below(9)));
  sengu_.start();
  timeline_.run_until(begin + 7s);
  for (int i = 0; i < writers; ++i) {
    writers_.push_back(std::make_shared<Writer>(timeline_, random_, sengu_, i == 0 ? patient : impatient,
                                                [this] { return ++last_write_; }));
    writers_.back()->connect();
  }
  lasts_ = settings_.kind == config::Kind::redis && random_.chance(15);
  plan_faults();
  look_for_liveness();
  timeline_.run_until(begin + 7s + settling + (lasts_ ? long_trouble : trouble));
  all_is_well(stage_);
  timeline_.run_until(timeline_.now() + recovery);
  judge_.check_fence_is_undone();
  if (!is_routed()) operator_helps();
  judge_.check_end();
  say(fmt::format("{} acknowledged writes, {} lost, {} promotions", judge_.acknowledged(), judge_.lost(),
                  judge_.promotions()));
  return {judge_.violations(), hash_, judge_.acknowledged(), judge_.lost(), judge_.promotions()};
}

}  // namespace

Result play(std::uint64_t seed, config::Kind kind, Telling telling) { return World(seed, kind, telling).run(); }

}  // namespace sengu::sim
