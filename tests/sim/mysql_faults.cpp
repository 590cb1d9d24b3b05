// What may go wrong with replication of MySQL: the threads that receive and apply, the semi-synchronous roles, people
// who write where they should not.
#include <fmt/format.h>

#include "tests/sim/faults.hpp"
#include "tests/sim/mysql_server.hpp"

namespace sengu::sim {

using namespace std::chrono_literals;
using health::SemiSync;

namespace {

MysqlServer& mysql(Server& server) { return dynamic_cast<MysqlServer&>(server); }
MysqlServer& any_of(Stage& stage) { return mysql(stage.any_server()); }

/// Something about `server` that somebody notices and undoes, or not before all is well.
void for_a_while(Stage& stage, MysqlServer& server, const std::string& what, std::function<void()> end) {
  stage.say(server.name() + " " + what);
  stage.touch(server);
  if (stage.random.chance(30)) return;
  stage.timeline.after(stage.some_time(), [&stage, &server, end = std::move(end)] {
    if (server.running()) end();
    stage.touch(server);
  });
}

void applier_stops(Stage& stage) {
  MysqlServer& server = any_of(stage);
  server.stop_applying({});
  for_a_while(stage, server, "applies nothing", [&server] { server.start_applying(); });
}

void applier_errs(Stage& stage) {
  MysqlServer& server = any_of(stage);
  server.stop_applying("1062 Duplicate entry");
  for_a_while(stage, server, "cannot apply a transaction", [&server] { server.start_applying(); });
}

void applier_is_slow(Stage& stage) {
  MysqlServer& server = any_of(stage);
  server.apply_slowly(stage.random.between(1ms, 40ms));
  for_a_while(stage, server, "applies slowly", [&server] { server.apply_slowly(usual_apply_time); });
}

void applier_is_delayed(Stage& stage) {
  MysqlServer& server = any_of(stage);
  if (!server.running() || !server.has_source()) return;
  server.apply_late(1h);
  for_a_while(stage, server, "applies an hour late: SOURCE_DELAY=3600", [&server] { server.apply_late({}); });
}

void receiver_is_stopped(Stage& stage) {
  MysqlServer& server = any_of(stage);
  if (!server.running() || !server.receives()) return;
  server.stop_receiving();
  for_a_while(stage, server, "receives nothing: somebody stopped its IO thread", [&server] {
    if (!server.receives() && !server.stopped_by_step()) server.start_receiving();
  });
}

void somebody_writes_there(Stage& stage) {
  MysqlServer& server = any_of(stage);
  if (!server.running() || server.frozen()) return;
  const int count = 1 + stage.random.below(5);
  stage.say(fmt::format("somebody writes {} transactions on {} in spite of read_only", count, server.name()));
  server.write_in_spite_of_read_only(count);
  stage.touch(server);
}

void take_back_read_only(Stage& stage, MysqlServer& server) {
  if (!server.running() || !server.closed_by_hand() || !stage.judge.is_rightful(server)) return;
  stage.say("read_only is taken back on " + server.name());
  server.open_by_hand();
  stage.touch(server);
}

/// Perhaps not before all is well.
void somebody_sets_read_only(Stage& stage) {
  MysqlServer& server = mysql(stage.likely_master());
  if (!server.close_by_hand()) return;
  stage.say("somebody sets read_only on " + server.name());
  stage.touch(server);
  if (stage.random.chance(30)) return;
  stage.timeline.after(stage.some_time(), [&stage, &server] { take_back_read_only(stage, server); });
}

/// Between the fence and the promote, or near it.
void sengu_dies_under_an_ordered_failover(Stage& stage) {
  if (!stage.sengu.running()) return;
  stage.say("the operator orders a failover");
  stage.judge.operator_acts();
  stage.sengu.input(health::Order{health::RequestId{2}, health::FailoverWish{}});
  stage.timeline.after(stage.random.between(2ms, 12ms), [&stage] { sengu_dies(stage); });
}

/// The application knows the servers, too.
void clients_bypass_the_proxy(Stage& stage) {
  MysqlServer& server = mysql(stage.likely_master());
  stage.say("clients write to " + server.name() + " itself");
  server.write_directly(1 + stage.random.below(50));
  stage.touch(server);
}

void replica_stops_acknowledging(Stage& stage) {
  MysqlServer& server = any_of(stage);
  if (!server.running()) return;
  server.switch_semi_sync_replica(SemiSync::off);
  for_a_while(stage, server, "acknowledges nothing: rpl_semi_sync_replica_enabled=OFF",
              [&server] { server.switch_semi_sync_replica(SemiSync::on); });
}

void source_flag_is_left_on(Stage& stage) {
  MysqlServer& server = any_of(stage);
  if (!server.running() || server.is_master() || !server.has_semi_sync()) return;
  stage.say(server.name() + " waits for acknowledgements: rpl_semi_sync_source_enabled=ON");
  server.switch_semi_sync_source(SemiSync::on);
  stage.touch(server);
}

/// One replica has received most and applied least, another the other way round.
void master_dies_while_replicas_differ(Stage& stage) {
  const auto status = stage.sengu.status();
  const int count = static_cast<int>(stage.servers.size());
  if (!status || !status->master || count < 3) return;
  const int at = static_cast<int>(health::index(*status->master));
  const auto next = [&](int after) -> Server& { return *stage.servers[static_cast<std::size_t>((after) % count)]; };
  Server& master = next(at);
  const int first = 1 + stage.random.below(count - 1);
  MysqlServer& slow = mysql(next(at + first));
  MysqlServer& deaf = mysql(next(at + (first == count - 1 ? 1 : first + 1)));
  stage.say(fmt::format("{} applies slowly, and somebody will stop the IO thread of {}", slow.name(), deaf.name()));
  slow.apply_slowly(stage.random.between(30ms, 150ms));
  stage.timeline.after(stage.random.between(50ms, 400ms), [&stage, &master, &deaf] {
    if (deaf.running() && deaf.receives()) deaf.stop_receiving();
    stage.timeline.after(stage.random.between(50ms, 300ms), [&stage, &master] { die_and_return(stage, master); });
  });
  stage.timeline.after(400ms + stage.some_time(), [&stage, &deaf] {
    if (deaf.running() && !deaf.receives() && !deaf.stopped_by_step()) deaf.start_receiving();
    stage.touch(deaf);
  });
}

}  // namespace

const std::vector<Fault>& mysql_faults() {
  static const std::vector<Fault> faults{{4, applier_stops},
                                         {4, applier_errs},
                                         {10, applier_is_slow},
                                         {4, applier_is_delayed},
                                         {4, receiver_is_stopped},
                                         {5, somebody_writes_there},
                                         {5, clients_bypass_the_proxy},
                                         {3, replica_stops_acknowledging},
                                         {4, source_flag_is_left_on},
                                         {8, master_dies_while_replicas_differ},
                                         {6, somebody_sets_read_only},
                                         {4, sengu_dies_under_an_ordered_failover}};
  return faults;
}

void mysql_is_well(Stage& stage, Server& one) {
  MysqlServer& server = mysql(one);
  take_back_read_only(stage, server);
  server.apply_slowly(usual_apply_time);
  server.apply_late({});
  server.start_applying();
  if (!server.running()) return;
  if (server.has_source() && !server.receives() && !server.stopped_by_step()) server.start_receiving();
  server.switch_semi_sync_replica(SemiSync::on);
}

}  // namespace sengu::sim
