// What may go wrong with replication of Redis: copies that are old, emptied or of unknown age, strangers at a node's
// address, steps that are refused.
#include <algorithm>

#include <fmt/format.h>

#include "tests/sim/faults.hpp"
#include "tests/sim/redis_server.hpp"

namespace sengu::sim {

using namespace std::chrono_literals;

namespace {

RedisServer& redis(Server& server) { return dynamic_cast<RedisServer&>(server); }

void the_right_server_returns(Stage& stage, Server& server) {
  if (!server.is_stranger()) return;
  stage.say("the right " + server.name() + " returns");
  server.kill();
  bring_back(stage, server, Kept::everything);
}

void snapshot_is_saved(Stage& stage) { redis(stage.any_server()).save(); }

void keys_are_deleted(Stage& stage) {
  RedisServer& server = redis(stage.any_server());
  if (!server.usable() || server.is_master()) return;
  stage.say("somebody deletes all keys of " + server.name());
  server.delete_all();
  stage.touch(server);
  stage.judge.forgive_what_is_gone();
  if (stage.random.chance(50)) stage.timeline.after(stage.some_time(), [&stage] { likely_master_dies(stage); });
}

/// Its master restarts with all its data, perhaps while sengu does not look.
void its_master_restarts(Stage& stage, const Server& replica) {
  if (replica.follows() < 0) return;
  Server& master = *stage.servers[static_cast<std::size_t>(replica.follows())];
  if (!master.running() || !master.is_master() || master.is_stranger()) return;
  if (stage.sengu.running() && stage.random.chance(50)) {
    stage.say("sengu dies");
    stage.sengu.kill();
    stage.judge.touch(proxy_host);
    stage.timeline.after(stage.random.between(200ms, 2s), [&stage] {
      if (!stage.sengu.running()) stage.sengu.start();
      stage.judge.touch(proxy_host);
    });
  }
  stage.say(master.name() + " restarts with all its data");
  master.kill();
  bring_back(stage, master, Kept::everything);
}

/// It comes back from an old RDB, is not let in, and so does not tell how old it is.
void replica_returns_to_a_closed_door(Stage& stage) {
  RedisServer& server = redis(stage.any_server());
  if (!server.usable() || server.is_master() || !server.link_up()) return;
  const auto time = stage.random.between(2s, 6s);
  stage.say(
      fmt::format("{} restarts from its RDB, and is not let in by its master for {} ms", server.name(), time / 1ms));
  server.save();
  server.lock_out(time);
  stage.touch(server);
  stage.timeline.after(stage.random.between(100ms, 500ms), [&stage, &server] {
    if (!server.running() || server.is_master()) return;
    server.kill();
    bring_back(stage, server, Kept::snapshot);
    stage.judge.forgive_what_is_gone();
  });
  stage.timeline.after(stage.random.between(1500ms, time), [&stage, &server] { its_master_restarts(stage, server); });
}

/// Another application's server takes the address of a dead one, until the right one returns.
void stranger_takes_the_address(Stage& stage) {
  RedisServer& server = redis(stage.likely_master());
  if (server.is_stranger()) return;
  stage.say(server.name() + " dies");
  server.kill();
  stage.touch(server);
  stage.timeline.after(stage.some_time(), [&stage, &server] {
    if (server.running() || server.is_stranger()) return;
    // Not about as many as the right server has, or may have got: it would be taken for that one.
    const int percent = stage.random.chance(50) ? 5 + stage.random.below(65) : 300 + stage.random.below(200);
    const auto keys = 1 + server.keys() * static_cast<std::uint64_t>(percent) / 100;
    stage.say(fmt::format("another server answers under the address of {}, with {} keys", server.name(), keys));
    server.be_replaced(keys);
    stage.touch(server);
    stage.timeline.after(stage.some_time(), [&stage, &server] { the_right_server_returns(stage, server); });
  });
}

void promotes_are_refused(Stage& stage) {
  Server& server = stage.any_server();
  const auto time = stage.some_time();
  stage.say(fmt::format("{} refuses every promote for {} ms", server.name(), time / 1ms));
  server.refuse_promotes(time);
  stage.touch(server);
  if (stage.random.chance(50)) likely_master_dies(stage);
}

void rewrite_fails(Stage& stage) {
  Server& server = stage.any_server();
  stage.say(server.name() + " cannot write its configuration");
  redis(server).rewrite_works = false;
}

}  // namespace

void replica_is_locked_out(Stage& stage) {
  RedisServer& server = redis(stage.any_server());
  if (!server.running() || server.is_master()) return;
  const auto time = stage.random.chance(60) ? stage.random.between(16500ms, 20s) : stage.some_time();
  stage.say(fmt::format("{} is not let in by its master for {} ms", server.name(), time / 1ms));
  server.lock_out(time);
  stage.touch(server);
  if (stage.random.chance(70)) stage.timeline.after(time, [&stage, &server] { its_master_restarts(stage, server); });
}

const std::vector<Fault>& redis_faults() {
  static const std::vector<Fault> faults{{4, snapshot_is_saved},
                                         {2, rewrite_fails},
                                         {5, keys_are_deleted},
                                         {6, replica_is_locked_out},
                                         {4, replica_returns_to_a_closed_door},
                                         {4, stranger_takes_the_address},
                                         {3, promotes_are_refused}};
  return faults;
}

void redis_is_well(Stage& stage, Server& server) {
  the_right_server_returns(stage, server);
  redis(server).rewrite_works = true;
  redis(server).lock_out({});
}

}  // namespace sengu::sim
