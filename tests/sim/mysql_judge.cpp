// What only MySQL promises: nothing received is thrown away by a promotion, nothing that semi-synchronous replication
// acknowledged is lost while one that acknowledged it lives, and what has transactions of its own is left alone.
#include <fmt/format.h>

#include "tests/sim/judge.hpp"
#include "tests/sim/mysql_server.hpp"

namespace sengu::sim {

using namespace std::chrono_literals;
using namespace sengu::health;

namespace {

constexpr auto receivers_run_after = 2s;  // a failover's end, and a probe or two
constexpr auto apply_seen = 1s;           // that nothing is left to apply

}  // namespace

const MysqlServer& Judge::mysql(int index) const {
  return dynamic_cast<const MysqlServer&>(*ports_.servers[at(index)]);
}

void Judge::on_seen(NodeId node, const Observation& seen, const Reply& reply) {
  if (!is_mysql() || !seen.info) return;
  const MysqlServer& server = mysql(static_cast<int>(index(node)));
  seen_[index(node)] = {seen.asked, server.life(), server.source(), reply.logged};
}

/// When sengu last saw `server`, it had in its log what the master does not have now, and did not write itself.
bool Judge::wrote_what(const MysqlServer& server, const MysqlServer& master_lacks) const {
  const Seen& seen = seen_[at(server.index())];
  if (seen.source != server.source()) return false;
  const auto& log = server.log();
  for (std::size_t place = 0; place < std::min(seen.logged, log.size()); ++place) {
    if (log[place].source != master_lacks.source() && !master_lacks.logged(log[place])) return true;
  }
  return false;
}

bool Judge::has_writes_of_strangers(const MysqlServer& server) const {
  return std::any_of(server.log().begin(), server.log().end(), [](const Transaction& one) { return !one.rightful; });
}

/// A person made it read-only, and the journal knows that this process was the master, and of no fence of sengu's own.
bool Judge::is_kept_read_only(const Server& server) const {
  if (!is_mysql() || !durable_ || !is_rightful(server) || durable_->fenced || intent_.fenced) return false;
  const MysqlServer& one = mysql(server.index());
  return one.closed_by_hand() && durable_->server_started == one.started();
}

void Judge::check_what_is_undone(const RunStep& step) {
  if (step.step == Step::start_receiving) check_errant_is_left_alone(step);
  const bool opens = step.step == Step::unfence || step.step == Step::promote;
  const MysqlServer& server = mysql(static_cast<int>(index(step.node)));
  if (opens && !operator_acted_ && is_kept_read_only(server))
    violation("what a person made read-only on " + server.name() + " is made writable");
}

/// A fence of sengu's own does not stay on the master.
void Judge::check_fence_is_undone() {
  if (!is_mysql() || !durable_ || journal_lost_ != Time{} || by_name(durable_->master) < 0) return;
  const MysqlServer& master = mysql(by_name(durable_->master));
  if (master.fenced_by_step() && master.usable()) violation(master.name() + " is left fenced");
}

/// Invariant 10.
void Judge::check_relay_log(const RunStep& step) {
  const MysqlServer& target = mysql(static_cast<int>(index(step.node)));
  if (step.loss == LossPolicy::accept_loss || loss_accepted_ || target.receives() || !target.running()) return;
  if (!target.all_applied())
    violation(fmt::format("promoted with {} received transactions not applied", target.relay_log_length()));
}

/// What was received is compared only when it stands still. An operator's failover away from a living master is another
/// thing.
void Judge::check_nobody_receives(const std::string& target) {
  if (operator_acted_) return;
  for (const auto& server : ports_.servers) {
    const MysqlServer& one = mysql(server->index());
    const bool was_there = touched_[at(host_of(one.index()))] + 900ms < switching_since_;  // when it was looked at
    if (was_there && is_fit(one) && one.has_source() && one.receives())
      violation(fmt::format("{} was chosen while {} still received", target, one.name()));
  }
}

/// Invariant 12, of a master: one with transactions of its own only as the last resort.
void Judge::check_errant_candidate(const RunStep& step) {
  if (operator_acted_) return;
  const MysqlServer& target = mysql(static_cast<int>(index(step.node)));
  const Seen& seen = seen_[at(target.index())];
  const auto& log = target.log();
  bool visible = false;
  for (std::size_t place = 0; place < std::min(seen.logged, log.size()) && seen.source == target.source(); ++place)
    visible |= !log[place].rightful;
  if (!visible || by_name(durable_->master) < 0) return;
  if (!wrote_what(target, mysql(by_name(durable_->master)))) return;  // the master had taken them over
  for (const auto& server : ports_.servers) {
    const bool better = server->index() != target.index() && server->name() != durable_->master && is_fit(*server) &&
                        !has_writes_of_strangers(mysql(server->index()));
    if (better)
      return violation(
          fmt::format("{} has transactions of its own and was promoted, not {}", target.name(), server->name()));
  }
}

void Judge::check_replication_step(const RunStep& step) {
  check_what_is_undone(step);
  switch (step.step) {
    case Step::start_receiving:
    case Step::repoint:
    case Step::demote: return check_errant_is_left_alone(step);
    case Step::lift_delay: return check_delayed_candidate(step);
    default: return;
  }
}

/// One that is delayed is chosen only where it alone holds something.
void Judge::check_delayed_candidate(const RunStep& step) {
  if (operator_acted_) return;
  const MysqlServer& target = mysql(static_cast<int>(index(step.node)));
  if (!target.is_delayed()) return;
  for (const auto& server : ports_.servers) {
    const MysqlServer& other = mysql(server->index());
    const bool fits = &other != &target && is_fit(other) && !other.is_delayed() && other.has_source() &&
                      other.applies() && !has_writes_of_strangers(other);
    if (fits && other.has_received_all_of(target))
      return violation(
          fmt::format("{} is delayed and was chosen, though {} holds as much", target.name(), other.name()));
  }
}

/// ... and it is never told to follow, itself or through one that does. Going on from the same master changes nothing.
void Judge::check_errant_is_left_alone(const RunStep& step) {
  const int master = by_name(durable_->master);
  const MysqlServer& server = mysql(static_cast<int>(index(step.node)));
  if (master < 0 || server.index() == master || server.follows() == master ||
      seen_[at(server.index())].life != server.life())
    return;
  if (wrote_what(server, mysql(master)))
    violation(
        fmt::format("{} has transactions of its own and was told to follow {}", server.name(), mysql(master).name()));
}

/// ... and has no readers, once the master was seen without them.
void Judge::check_readers() {
  const auto status = sengu_->status();
  if (!status || sengu_->frozen() || !status->master || status->route != RouteState::open || status->phase != "idle" ||
      !is_calm(proxy_host))
    return;
  const MysqlServer& master = mysql(static_cast<int>(index(*status->master)));
  if (master.run_id() != status->nodes[at(master.index())].server_id) return;
  for (std::size_t i = 0; i < route_.readers.size(); ++i) {
    const MysqlServer& server = mysql(static_cast<int>(i));
    const bool judged = server.index() != master.index() && seen_[i].life == server.life() &&
                        seen_[at(master.index())].asked > seen_[i].asked;
    if (judged && route_.readers[i].accepts && wrote_what(server, master))
      violation(server.name() + " has transactions of its own and takes readers");
  }
}

/// It has been well since before the old master was lost, and could be chosen.
bool Judge::is_live_acker(int index) const {
  const MysqlServer& server = mysql(index);
  const bool well = server.usable() && !server.is_master() && server.has_source() && reachable(server) &&
                    is_calm(host_of(index)) && is_calm(proxy_host);
  const auto status = sengu_->status();
  if (!well || !status || status->nodes[at(index)].health != Health::up) return false;
  return server.applies() && !has_writes_of_strangers(server);
}

/// Invariant 11: what was acknowledged after a replica had acknowledged its receipt, and that replica lived, could be
/// reached and chosen until the failover was over, is on the master that came of it.
void Judge::check_semi_sync(const Server& chosen, const std::string& what) {
  if (may_lose(chosen, what) || operator_acted_ || regressed_unseen(chosen)) return;
  const auto has = set_of(chosen);
  const auto held = holders([&](const Server& server) { return &server != &chosen && is_live_acker(server.index()); });
  for (const WriteId write : acked_) {
    if (excused_[write] || has[write] || ackers_[write] == 0) continue;
    for (const auto& [server, set] : held) {
      const bool acknowledged = (ackers_[write] >> static_cast<unsigned>(server->index()) & 1U) != 0;
      if (!acknowledged || !set[write]) continue;
      return violation(fmt::format("{} of {} loses write {}, which {} acknowledged to a semi-synchronous master", what,
                                   chosen.name(), write, server->name()));
    }
  }
}

/// Whoever has nothing of its own follows the master, and applies what it receives.
void Judge::check_replicas_in_the_end(int master) {
  if (journal_lost_ != Time{} || ports_.settings.failover.mode != config::Mode::automatic) return;
  for (const auto& one : ports_.servers) {
    const MysqlServer& server = mysql(one->index());
    const bool of_its_own = std::any_of(server.log().begin(), server.log().end(), [&](const Transaction& entry) {
      return entry.source != mysql(master).source() && !mysql(master).logged(entry);
    });
    if (server.index() == master || of_its_own || !server.receive_error().empty()) continue;
    // Both threads stopped look like a person's STOP REPLICA to the next run.
    if (server.left_halfway() && sengu_->started() > *server.left_halfway()) continue;
    if (!server.has_source()) violation(server.name() + " follows nobody in the end");
    if (server.has_source() && (!server.receives() || !server.applies()))
      violation(server.name() + " does not replicate in the end");
  }
}

bool Judge::was_seen_with_more(const Server& server) const {
  return is_mysql() && seen_[at(server.index())].logged > mysql(server.index()).log().size();
}

/// It lost the end of its log with its host, and gives the numbers again, and this run of sengu had not seen that end:
/// no set of GTIDs tells that (sync_binlog=1 keeps it from happening).
bool Judge::regressed_unseen(const Server& server) const {
  const auto& regress = regressed_[at(server.index())];
  return regress && (sengu_->started() > regress->since || !regress->visible);
}

/// Somebody fit still has a relay log to apply, or had a moment ago: a failover waits for it.
bool Judge::is_applying() {
  for (const auto& server : ports_.servers) {
    const MysqlServer& one = mysql(server->index());
    if (is_fit(one) && one.applies() && !one.is_delayed() && !one.all_applied()) applied_ = ports_.timeline.now();
  }
  return ports_.timeline.now() - applied_ < apply_seen;
}

/// What sengu stopped for a failover receives again, or follows another, soon after it ended.
void Judge::check_receivers() {
  const auto status = sengu_->status();
  const Time now = ports_.timeline.now();
  const bool idle = status && !sengu_->frozen() && status->phase == "idle" && status->master && !status->tilt;
  if (!idle || status->epoch != idle_epoch_) idle_since_ = now;
  if (status) idle_epoch_ = status->epoch;
  const auto since = std::max({idle_since_, sengu_->calm_since(), touched_[at(proxy_host)]});
  if (!idle || now - since < receivers_run_after) return;
  const int master = static_cast<int>(index(*status->master));
  for (const auto& one : ports_.servers) {
    const MysqlServer& server = mysql(one->index());
    const bool due = server.stopped_by_step() && now - *server.stopped_by_step() >= receivers_run_after &&
                     server.usable() && reachable(server) &&
                     now - touched_[at(host_of(server.index()))] >= receivers_run_after;
    const bool forgotten = due && *server.stopped_by_step() <= journal_lost_;  // with the journal that knew of it
    if (!due || forgotten || server.follows() != master) continue;
    violation(fmt::format("{} still does not receive, {} ms after sengu stopped it", server.name(),
                          (now - *server.stopped_by_step()) / 1ms));
  }
}

}  // namespace sengu::sim
