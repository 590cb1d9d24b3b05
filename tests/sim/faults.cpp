#include "tests/sim/faults.hpp"

#include <array>

#include <fmt/format.h>

namespace sengu::sim {

using namespace std::chrono_literals;
using health::NodeId;
using health::Step;

namespace {

/// A process that dies takes nothing from a binary log, its host rarely.
Kept draw_kept(Stage& stage) {
  if (stage.kind == config::Kind::redis) return static_cast<Kept>(stage.random.below(3));
  if (stage.random.chance(85)) return Kept::everything;
  return stage.random.chance(50) ? Kept::snapshot : Kept::nothing;
}

void wake(Stage& stage, Server& server) {
  if (!server.frozen()) return;
  stage.say(server.name() + " wakes");
  server.thaw();
  stage.touch(server);
}

void freeze_and_wake(Stage& stage) {
  Server& server = stage.likely_master();
  if (server.frozen() || !server.running()) return;
  const auto pause = stage.some_time();
  stage.say(fmt::format("{} freezes for {} ms", server.name(), pause / 1ms));
  server.freeze();
  stage.touch(server);
  stage.timeline.after(pause, [&stage, &server] { wake(stage, server); });
}

void cut_for_a_while(Stage& stage, int from, int to) {
  const auto pause = stage.some_time();
  stage.say(fmt::format("the path from host {} to host {} is cut for {} ms", from, to, pause / 1ms));
  stage.network.cut(from, to);
  stage.judge.touch(from);
  stage.judge.touch(to);
  stage.timeline.after(pause, [&stage, from, to] {
    stage.network.heal(from, to);
    stage.judge.touch(from);
    stage.judge.touch(to);
  });
}

void cut_from_proxy(Stage& stage) {
  const int host = host_of(stage.likely_master().index());
  const int direction = stage.random.below(3);
  if (direction != 0) cut_for_a_while(stage, proxy_host, host);
  if (direction != 1) cut_for_a_while(stage, host, proxy_host);
  stage.judge.touch(proxy_host);
}

void cut_between_servers(Stage& stage) {
  const int one = host_of(stage.likely_master().index());
  const int other = host_of(stage.any_server().index());
  if (one == other) return;
  cut_for_a_while(stage, one, other);
  if (stage.random.chance(70)) cut_for_a_while(stage, other, one);
}

/// All its packets are dropped, and it stays so or returns with another life.
void host_goes(Stage& stage) {
  Server& server = stage.likely_master();
  const int host = host_of(server.index());
  stage.say(server.name() + "'s host is gone");
  for (int other = 0; other <= static_cast<int>(stage.servers.size()); ++other) {
    if (other == host) continue;
    stage.network.cut(host, other);
    stage.network.cut(other, host);
  }
  server.kill();
  stage.touch(server);
  stage.timeline.after(stage.some_time(), [&stage, &server, host] {
    for (int other = 0; other <= static_cast<int>(stage.servers.size()); ++other) {
      stage.network.heal(host, other);
      stage.network.heal(other, host);
    }
    const bool unsynced = stage.kind == config::Kind::mysql && stage.random.chance(25);
    if (!server.running()) bring_back(stage, server, unsynced ? Kept::snapshot : Kept::everything);
    stage.touch(server);
    if (unsynced) stage.judge.forgive_what_is_gone();
  });
}

void link_slows(Stage& stage) {
  Server& server = stage.any_server();
  stage.say(server.name() + "'s link is slow");
  stage.network.slow_down(host_of(server.index()), stage.random.between(0ms, 30ms));
}

void refuses_for_a_while(Stage& stage) {
  Server& server = stage.likely_master();
  const auto time = stage.some_time();
  stage.say(fmt::format("{} answers nothing but errors for {} ms", server.name(), time / 1ms));
  server.be_busy(time);
  stage.touch(server);
  stage.timeline.after(time, [&stage, &server] { stage.touch(server); });
}

void clients_are_killed(Stage& stage) {
  Server& server = stage.likely_master();
  if (!server.running()) return;
  stage.say("CLIENT KILL on " + server.name());
  if (stage.random.chance(70)) server.kill_clients();
  if (stage.random.chance(50)) server.kill_replicas();
}

void sengu_freezes(Stage& stage) {
  const auto pause = stage.some_time();
  stage.say(fmt::format("sengu freezes for {} ms", pause / 1ms));
  stage.sengu.freeze();
  stage.judge.touch(proxy_host);
  stage.timeline.after(pause, [&stage] {
    stage.say("sengu wakes");
    stage.sengu.thaw();
    stage.judge.touch(proxy_host);
  });
}

void worker_freezes(Stage& stage) {
  const int worker = stage.random.below(Sengu::workers);
  const auto pause = stage.some_time();
  stage.say(fmt::format("worker {} freezes for {} ms", worker, pause / 1ms));
  stage.sengu.freeze_worker(worker);
  stage.judge.touch(proxy_host);
  stage.timeline.after(pause, [&stage, worker] {
    stage.sengu.thaw_worker(worker);
    stage.judge.touch(proxy_host);
  });
}

void disk_is_full(Stage& stage) {
  stage.say("sengu's disk is full");
  stage.sengu.disk().full = true;
  stage.judge.touch(proxy_host);
  stage.timeline.after(stage.some_time(), [&stage] {
    stage.sengu.disk().full = false;
    stage.judge.touch(proxy_host);
  });
}

void journal_is_lost(Stage& stage) {
  const bool damaged = stage.random.chance(50);
  stage.say(damaged ? "the journal is damaged" : "the journal is lost");
  stage.sengu.kill();
  if (damaged) {
    stage.sengu.disk().damage(stage.random);
  } else {
    stage.sengu.disk().erase();
  }
  stage.judge.journal_lost();
  stage.sengu.start();
  stage.judge.touch(proxy_host);
}

void somebody_makes_a_master(Stage& stage) {
  Server& server = stage.any_server();
  stage.say("somebody makes a master of " + server.name());
  const bool was_replica = !server.is_master();
  if (was_replica && stage.kind == config::Kind::redis) stage.judge.role_changed_by_hand(server);
  server.obey({Request::Kind::step, 0, Step::promote, -1, {}, health::LossPolicy::accept_loss});
  if (was_replica && stage.kind == config::Kind::mysql && (server.is_master() || server.frozen()))
    stage.judge.role_changed_by_hand(server);  // or it hangs
  stage.touch(server);
  const int writes = stage.random.below(50);
  stage.timeline.after(stage.random.between(0ms, 50ms), [&server, writes] { server.write_directly(writes); });
}

void somebody_makes_a_replica(Stage& stage) {
  Server& server = stage.any_server();
  Server& master = stage.any_server();
  if (&server == &master) return;
  stage.say(fmt::format("somebody makes {} a replica of {}", server.name(), master.name()));
  server.obey({Request::Kind::step, 0, Step::repoint, master.index()});
  stage.judge.pointed_by_hand(server);
  stage.judge.role_changed_by_hand(server);
  stage.touch(server);
}

void the_sentinel_goes(Stage& stage) {
  if (!stage.judge.sentinel_since()) return;
  stage.say("the Sentinel goes");
  for (const auto& server : stage.servers) {
    server->deciders.clear();
    stage.touch(*server);
  }
  stage.judge.sentinel_went();
}

/// sengu and the master are frozen, people move the group to another server, and both wake.
void people_switch_behind_a_frozen_sengu(Stage& stage) {
  if (!stage.sengu.running()) return;
  Server& old = stage.likely_master();
  const auto pause = stage.random.between(1200ms, 4s);
  stage.say(fmt::format("sengu and {} freeze for {} ms", old.name(), pause / 1ms));
  stage.sengu.freeze();
  old.freeze();
  stage.judge.touch(proxy_host);
  stage.touch(old);
  stage.timeline.after(100ms, [&stage] { somebody_makes_a_master(stage); });
  if (stage.random.chance(50)) stage.timeline.after(pause - 50ms, [&stage, &old] { wake(stage, old); });
  stage.timeline.after(pause, [&stage, &old] {
    stage.say("sengu wakes");
    stage.sengu.thaw();
    stage.judge.touch(proxy_host);
    wake(stage, old);
  });
}

void operator_pauses(Stage& stage) {
  stage.say("the operator pauses the group");
  stage.sengu.input(health::Order{health::RequestId{1}, health::PauseWish{}});
  stage.judge.touch(proxy_host);
  stage.timeline.after(stage.some_time(), [&stage] {
    stage.sengu.input(health::Order{health::RequestId{1}, health::ResumeWish{}});
    stage.judge.touch(proxy_host);
  });
}

void operator_fails_over(Stage& stage) {
  health::FailoverWish wish;
  if (stage.random.chance(50)) wish.to = NodeId{static_cast<std::uint16_t>(stage.any_server().index())};
  if (stage.random.chance(10)) wish.loss = health::LossPolicy::accept_loss;
  stage.say("the operator orders a failover");
  stage.judge.operator_acts();
  if (wish.loss == health::LossPolicy::accept_loss) stage.judge.operator_accepts_loss();
  stage.sengu.input(health::Order{health::RequestId{2}, wish});
}

/// The master dies in the middle of an ordered failover, while one of its replicas hears it late.
void master_dies_under_an_ordered_failover(Stage& stage) {
  link_slows(stage);
  stage.timeline.after(stage.random.between(10ms, 60ms), [&stage] {
    stage.say("the operator orders a failover");
    stage.judge.operator_acts();
    stage.sengu.input(health::Order{health::RequestId{2}, health::FailoverWish{}});
    stage.timeline.after(stage.random.between(0ms, 8ms), [&stage] { likely_master_dies(stage); });
  });
}

/// Somebody starts a Sentinel on the group, and thinks better of it.
void a_sentinel_comes(Stage& stage) {
  stage.say("a Sentinel connects to every server");
  for (const auto& server : stage.servers) server->deciders = {"sentinel-1f0c2a9b@10.0.0.9"};
  stage.judge.sentinel_came();
  if (stage.random.chance(50)) stage.timeline.after(1200ms, [&stage] { likely_master_dies(stage); });
  stage.timeline.after(stage.some_time(), [&stage] { the_sentinel_goes(stage); });
}

const std::vector<Fault> of_both{{24, likely_master_dies},
                                 {16, freeze_and_wake},
                                 {12, cut_from_proxy},
                                 {6, cut_between_servers},
                                 {4, host_goes},
                                 {3, link_slows},
                                 {2, refuses_for_a_while},
                                 {5, clients_are_killed},
                                 {12, sengu_dies},
                                 {8, sengu_freezes},
                                 {6, worker_freezes},
                                 {3, disk_is_full},
                                 {1, journal_is_lost},
                                 {3, somebody_makes_a_master},
                                 {2, somebody_makes_a_replica},
                                 {2, operator_pauses},
                                 {3, operator_fails_over},
                                 {3, a_sentinel_comes},
                                 {2, people_switch_behind_a_frozen_sengu},
                                 {2, master_dies_under_an_ordered_failover}};

std::vector<Fault> with(const std::vector<Fault>& more) {
  std::vector<Fault> all = of_both;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

const std::vector<Fault>& faults_of(config::Kind kind) {
  static const std::vector<Fault> mysql = with(mysql_faults()), redis = with(redis_faults());
  return kind == config::Kind::mysql ? mysql : redis;
}

}  // namespace

void bring_back(Stage& stage, Server& server, Kept kept) {
  server.restart(kept);
  stage.touch(server);
  if (kept != Kept::everything) stage.judge.lost_data(server);
}

void sengu_dies(Stage& stage) {
  if (!stage.sengu.running()) return;
  const auto pause = stage.some_time();
  stage.say(fmt::format("sengu dies, to return after {} ms", pause / 1ms));
  stage.sengu.kill();
  stage.judge.touch(proxy_host);
  stage.timeline.after(pause, [&stage] {
    if (stage.sengu.running()) return;
    stage.say("sengu is started again");
    stage.sengu.start();
    stage.judge.touch(proxy_host);
  });
}

void likely_master_dies(Stage& stage) { die_and_return(stage, stage.likely_master()); }

void die_and_return(Stage& stage, Server& server) {
  if (!server.running()) return;
  const Kept kept = draw_kept(stage);
  const auto pause = stage.some_time();
  constexpr std::array words{"everything", "a snapshot", "nothing"};
  stage.say(fmt::format("{} dies, to return after {} ms with {}", server.name(), pause / 1ms,
                        words[static_cast<std::size_t>(kept)]));
  server.kill();
  stage.touch(server);
  stage.timeline.after(pause, [&stage, &server, kept] {
    if (server.running()) return;
    stage.say(server.name() + " is started again");
    bring_back(stage, server, kept);
    stage.judge.forgive_what_is_gone();
  });
}

Server& Stage::likely_master() {
  const auto status = sengu.status();
  if (status && status->master && random.chance(65)) return *servers[health::index(*status->master)];
  return any_server();
}

Duration Stage::some_time() {
  switch (random.below(4)) {
    case 0: return random.between(0ms, 20ms);
    case 1: return random.between(20ms, 500ms);
    case 2: return random.between(500ms, 2500ms);
    default: return random.between(2500ms, 8s);
  }
}

void something_happens(Stage& stage) {
  const auto& faults = faults_of(stage.kind);
  int total = 0;
  for (const Fault& fault : faults) total += fault.weight;
  int drawn = stage.random.below(total);
  for (const Fault& fault : faults) {
    if (drawn < fault.weight) return fault.happens(stage);
    drawn -= fault.weight;
  }
}

void all_is_well(Stage& stage) {
  stage.say("all faults end");
  const int hosts = static_cast<int>(stage.servers.size()) + 1;
  for (int from = 0; from < hosts; ++from) {
    stage.judge.touch(from);
    stage.network.slow_down(from, {});
    for (int to = 0; to < hosts; ++to) stage.network.heal(from, to);
  }
  the_sentinel_goes(stage);
  for (const auto& server : stage.servers) {
    server->refuse_promotes({});
    server->thaw();
    if (stage.kind == config::Kind::mysql) {
      mysql_is_well(stage, *server);
    } else {
      redis_is_well(stage, *server);
    }
    server->be_busy({});
    if (!server->running()) server->restart(Kept::everything);
  }
  stage.sengu.disk().full = false;
  stage.sengu.thaw();
  for (int worker = 0; worker < Sengu::workers; ++worker) stage.sengu.thaw_worker(worker);
  if (!stage.sengu.running()) stage.sengu.start();
  stage.sengu.input(health::Order{health::RequestId{1}, health::ResumeWish{}});
}

}  // namespace sengu::sim
