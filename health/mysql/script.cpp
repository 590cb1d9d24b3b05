#include "health/mysql/script.hpp"

#include <algorithm>

#include "health/mysql/errors.hpp"
#include "health/mysql/interview.hpp"
#include "health/mysql/scheduled_events.hpp"
#include "health/mysql/text.hpp"

namespace sengu::health::mysql {

namespace {

constexpr unsigned lock_wait_timeout = 1205;
constexpr unsigned syntax_error = 1064;  // the server's text quotes the statement, secrets included

/// The beginning of a statement, up to the first part that may be secret or long.
std::string label(const std::string& statement) {
  constexpr std::size_t longest = 60;
  auto end = std::min({statement.find(" FOR CHANNEL"), statement.find('('), statement.find('\''), longest});
  if (statement.starts_with("CHANGE")) end = statement.find(" TO ");
  return statement.substr(0, end);
}

/// Asked before each ALTER of an event, which on a server that is no master any more would be a transaction of its own:
/// MariaDB's read_only does not hold sengu's account up.
bool takes_writes(const Ask& ask) {
  const auto reply = ask("SELECT @@GLOBAL.read_only AS fenced");
  return reply.ok() && reply.table.find(0, "fenced") == "0";
}

/// How many transactions were received and are not applied; by position that is not all that may be left.
std::int64_t unapplied(const SqlInfo& sql) { return sql.received.minus(sql.executed).count(); }

bool nothing_is_left(const SqlInfo& sql) {
  return unapplied(sql) == 0 && (!sql.by_position || sql.by_position->all_applied());
}

std::string what_is_left(const SqlInfo& sql) {
  if (const auto& by = sql.by_position; by && unapplied(sql) == 0)
    return "received up to " + by->received.text() + ", applied up to " + by->applied.text();
  return std::to_string(unapplied(sql)) + " received transactions are not applied";
}

/// As a promotion leaves it that was given up after its second last statement, perhaps with its threads started since.
bool is_writable_replica(const ServerInfo& info) { return !info.master.host.empty() && !info.read_only; }

/// Whether the replica is to use TLS where no other replica was seen to reach the master: as our own connection to this
/// server does, for the new source is of the same group.
bool asks_for_tls(const Ask& ask, config::Tls mode) {
  if (mode != config::Tls::prefer) return mode != config::Tls::off;
  const auto reply = ask("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
  return reply.ok() && !reply.table.find(0, "Value").value_or("").empty();
}

class Script {
 public:
  Script(const NodeOptions& options, const Ask& ask, const std::function<Milliseconds()>& time_left)
      : options_(options), ask_(ask), time_left_(time_left) {}

  StepOutcome run(const RunStep& step) {
    return perform(step) ? StepOutcome{StepResult::done, {}} : StepOutcome{StepResult::failed, text_};
  }

 private:
  bool perform(const RunStep& step);
  bool fence();
  bool rehandshake();
  bool apply_received();
  bool apply_within(Milliseconds patience);
  bool lift_delay();
  bool promote(const RunStep& step);
  bool become_writable();
  bool commits_go_through();
  bool repoint(const RunStep& step);
  bool follow(const RunStep& step);
  bool stop_with_relay_log_applied(LossPolicy loss);
  bool switch_source_side(SemiSync wanted);
  void stop_scheduler();
  bool follow_events(const RunStep& step);
  bool enable_events(const RunStep& step, const ScheduledEvents& seen);

  bool read();
  bool tell(const std::string& statement);
  bool fail(std::string text);
  bool everything_is_applied(const RunStep& step);
  Reply await_applied(Milliseconds patience);
  bool stop_with_everything_applied(const RunStep& step);
  bool end_half_received(const Endpoint& donor);
  bool follow_while_applying(const Endpoint& master);

  const ServerInfo& info() const { return *said_.info; }
  const SqlInfo& sql() const { return *said_.info->sql; }
  const Dialect& words() const { return *said_.dialect; }
  bool has_source() const { return !info().master.host.empty(); }

  const NodeOptions& options_;
  const Ask& ask_;
  const std::function<Milliseconds()>& time_left_;
  Interview interview_;
  Statement said_;      // what the server said of itself last
  unsigned error_ = 0;  // number of the last failure
  std::string text_;
};

bool Script::fail(std::string text) {
  text_ = std::move(text);
  return false;
}

bool Script::read() {
  said_ = interview_.ask(ask_);
  if (said_.info) return true;
  const bool not_sent = said_.failure && said_.failure->number == 0;
  return fail(not_sent ? said_.text : "probe: " + said_.text);
}

bool Script::tell(const std::string& statement) {
  if (statement.empty()) return true;
  const auto reply = ask_(statement);
  if (reply.ok()) return true;
  error_ = reply.failure->number;
  const auto why = error_ == syntax_error ? std::string("1064 syntax error") : describe(*reply.failure);
  if (error_ == 0) return fail(why);  // not sent
  return fail(label(statement) + ": " + without_secret(why, options_.replication_password.value));
}

bool Script::perform(const RunStep& step) {
  if (!read()) return false;
  switch (step.step) {
    case Step::fence: return fence();
    case Step::unfence: return has_source() ? fail("it has a source") : become_writable();
    case Step::promote: return promote(step);
    case Step::repoint: return repoint(step);
    case Step::demote:
    case Step::demote_emptied: return fence() && follow(step);
    case Step::rehandshake: return rehandshake();
    case Step::stop_receiving: return !has_source() || tell(words().stop(ReplicaThreads::receiver));
    case Step::start_receiving: return !has_source() || tell(words().start(ReplicaThreads::receiver));
    case Step::apply_received: return apply_received();
    case Step::lift_delay: return lift_delay();
    case Step::semi_sync_on: return switch_source_side(SemiSync::on);
    case Step::semi_sync_off: return switch_source_side(SemiSync::off);
    case Step::follow_events: return follow_events(step);
  }
  return fail("no such step");
}

/// A commit that waits for a semi-sync acknowledgement holds the fence up, for ever where no replica acknowledges. So
/// semi-sync goes off first, and the commits end, while no client is routed here any more; only then does MySQL count
/// them in gtid_executed. Where sengu may not switch semi-sync off, the session's lock_wait_timeout bounds the fence,
/// and the text says why it failed.
bool Script::fence() {
  const bool source_side = sql().semi_sync_source == SemiSync::on && options_.semi_sync == config::SemiSync::automatic;
  if (source_side) switch_source_side(SemiSync::off);
  if (tell(words().fence())) {
    stop_scheduler();
    return true;
  }
  if (error_ == lock_wait_timeout && sql().semi_sync_waiting > 0) {
    text_ += " (" + std::to_string(sql().semi_sync_waiting) + " sessions wait for a semi-sync acknowledgement)";
  }
  return false;
}

/// MariaDB's events write under read_only where their definer may (tried on 10.11), and a statement on a server that is
/// about to follow would be a transaction of its own: so the scheduler is switched off, and no event is altered. A
/// server that does not let sengu do so is fenced and demoted all the same; the doctor names the privilege.
void Script::stop_scheduler() {
  if (options_.scheduled_events != config::ScheduledEvents::follow) return;
  const auto reply = ask_(scheduler_statement());
  if (reply.ok() && reply.table.find(0, "scheduler") == "ON") ask_(set_global("event_scheduler", "OFF"));
}

bool Script::follow_events(const RunStep& step) {
  if (has_source() || info().read_only) return fail("it is no master");
  const auto answer = look_at_events(ask_).answer;
  if (!answer.events) return fail(answer.text);
  if (!enable_events(step, *answer.events)) return false;
  if (answer.events->scheduler == step.events.scheduler) return true;
  if (answer.events->scheduler == ScheduledEvents::Scheduler::disabled)
    return fail("event_scheduler is DISABLED, which only a restart changes");
  const bool on = step.events.scheduler == ScheduledEvents::Scheduler::on;
  if (on && !takes_writes(ask_)) return fail("it is no master");
  if (!tell(set_global("event_scheduler", on ? "ON" : "OFF"))) return false;
  if (!on || takes_writes(ask_)) return true;
  stop_scheduler();  // a fence came between
  return fail("it is no master any more");
}

/// As many as there is time for: what is left is seen by the next look, and told again. One that fails holds no other
/// up.
bool Script::enable_events(const RunStep& step, const ScheduledEvents& seen) {
  std::string failed;
  const auto margin = step.timeout / 4;
  for (const ScheduledEvent& wanted : step.events.all) {
    const auto* event = find(seen, wanted);
    if (event == nullptr || event->state != ScheduledEvent::State::replica_side_disabled) continue;
    if (time_left_() < margin) break;
    if (!takes_writes(ask_)) return fail("it is no master");
    const bool altered = tell(session_of(wanted)) && tell(enable_statement(wanted));
    if (!altered) failed += (failed.empty() ? "" : ", ") + wanted.schema + "." + wanted.name + ": " + text_;
  }
  return failed.empty() || fail(std::move(failed));
}

/// With a running applier and an unapplied relay log this loses nothing on either flavour, be the source alive or
/// frozen (tests/real/mysql_steps_test.cpp).
bool Script::rehandshake() {
  if (!has_source()) return fail("it has no source");
  return tell(words().stop(ReplicaThreads::receiver)) && tell(words().start(ReplicaThreads::receiver));
}

bool Script::apply_received() {
  const auto margin =
      std::min(Milliseconds(100), time_left_() / 4);  // to hear its answer, and to ask how many are left
  return apply_within(time_left_() - margin);
}

bool Script::apply_within(Milliseconds patience) {
  if (!has_source() || nothing_is_left(sql())) return true;
  if (!sql().apply_error.empty()) return fail("the applier failed: " + sql().apply_error);
  if (!sql().applying) return fail("the applier does not run");
  const auto all = unapplied(sql());
  const auto reply = await_applied(patience);
  if (!reply.ok()) return fail(describe(*reply.failure));
  if (!read()) return false;
  if ((sql().by_position || reply.table.find(0, "answer") == "0") && nothing_is_left(sql())) return true;
  const auto why = sql().apply_error.empty() ? "" : "; the applier failed: " + sql().apply_error;
  if (sql().by_position) return fail(what_is_left(sql()) + why);
  return fail(std::to_string(unapplied(sql())) + " of " + std::to_string(all) + " transactions left" + why);
}

/// MySQL keeps the relay log while one of the two threads runs (tried on 9.7); with both stopped the CHANGE deletes it.
/// So the receiver is started before the applier is stopped, although its source may be dead or the old master: what it
/// brings is applied too, and the cut keeps clients from acknowledgements of the old master. MariaDB drops the relay
/// log whenever the applier is started again.
bool Script::lift_delay() {
  if (words().is_mariadb()) return fail("MariaDB would drop its relay log");
  if (sql().delay.count() > 0) {
    if (!sql().receiving && !tell(words().start(ReplicaThreads::receiver))) return false;
    if (sql().applying && !tell(words().stop(ReplicaThreads::applier))) return false;
    if (!read()) return false;
    if (!sql().receiving) return fail("its receiver does not run: its relay log would be lost");
    if (!tell(words().without_delay()) || !read()) return false;
  }
  if (!sql().applying && !tell(words().start(ReplicaThreads::applier))) return false;
  return tell(words().stop(ReplicaThreads::receiver));
}

/// By position the wait takes whole seconds, and none would be for ever: for less than one it is left out.
Reply Script::await_applied(Milliseconds patience) {
  if (const auto& by = sql().by_position) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(patience);
    return seconds.count() > 0 ? ask_(Dialect::await_position(by->received, seconds)) : Reply{};
  }
  const auto* column = words().is_mariadb() ? "Gtid_IO_Pos" : "";
  const auto position =
      said_.tables.replication.find(default_source(words(), said_.tables.replication).value_or(0), column);
  const auto target = words().is_mariadb() ? std::string(position.value_or("")) : sql().received.text();
  return ask_(words().await_applied(target, patience));
}

bool Script::everything_is_applied(const RunStep& step) {
  if (step.loss == LossPolicy::accept_loss) return true;
  if (!sql().apply_error.empty()) return fail("the applier failed: " + sql().apply_error);
  const auto& by = sql().by_position;
  if (nothing_is_left(sql()) || (unapplied(sql()) == 0 && by && by->received == step.rest)) return true;
  return fail(what_is_left(sql()));
}

/// RESET ... ALL drops the relay log. So the script checks that everything is applied before it stops the applier, and
/// once more afterwards, in case another client started the IO thread again. A stopped applier with nothing left to
/// apply is what an interrupted promotion leaves behind.
bool Script::stop_with_everything_applied(const RunStep& step) {
  if (sql().receiving && (!tell(words().stop(ReplicaThreads::receiver)) || !read())) return false;
  if (!everything_is_applied(step)) return false;
  if (!step.master.host.empty() && !end_half_received(step.master)) return false;
  if (!tell(words().stop(ReplicaThreads::both)) || !read()) return false;
  if (sql().receiving) return fail("it receives again");
  return everything_is_applied(step);
}

/// MySQL: where the relay log ends within a transaction, STOP REPLICA waits a minute for the rest of it
/// (SLAVE_WAIT_GROUP_DONE; 60.3 s on 9.7.4). The stream of another replica, the donor, makes the applier roll that half
/// transaction back. The stream must bring nothing new; that is checked once more afterwards.
bool Script::end_half_received(const Endpoint& donor) {
  const auto half = words().half_received();
  if (half.empty() || !sql().applying) return true;
  const auto reply = ask_(half);
  // Where we may not read the half transaction, STOP may take long.
  if (!reply.ok() || reply.table.find(0, "half").value_or("").empty()) return true;
  const auto row = default_source(words(), said_.tables.replication).value_or(0);
  const std::string before(said_.tables.replication.find(row, "Relay_Log_File").value_or(""));
  if (!tell(words().point_at(donor)) || !tell(words().start(ReplicaThreads::receiver))) return false;
  const auto enough = time_left_() / 2;
  do {
    if (!read()) return false;
  } while (time_left_() > enough && said_.tables.replication.find(row, "Relay_Log_File") == before);
  return tell(words().stop(ReplicaThreads::receiver)) && read();
}

/// The source is forgotten last: a promotion that fails before leaves a replica that can be told again, or to follow
/// another. (With the source gone and no plugin for semi-sync a replica was of no use to either.)
bool Script::promote(const RunStep& step) {
  if (!info().hindrance.empty()) return fail(info().hindrance);
  if (!has_source()) return become_writable();
  return stop_with_everything_applied(step) && commits_go_through() && become_writable() &&
         tell(words().forget_source());
}

/// MariaDB does not tell who holds a read lock or a backup's. Any other failure says nothing of locks.
bool Script::commits_go_through() {
  if (tell(try_commit(words())) || error_ != lock_wait_timeout) return true;
  return fail("a lock holds up every commit (FLUSH TABLES WITH READ LOCK, BACKUP STAGE?)");
}

/// Where the plugin of the source's side is missing the server goes without semi-sync, which the decision reports.
bool Script::become_writable() {
  const bool wanted = options_.semi_sync == config::SemiSync::automatic && sql().semi_sync_replica == SemiSync::on &&
                      sql().semi_sync_source != SemiSync::absent;
  return (!wanted || switch_source_side(SemiSync::on)) && tell(words().unfence());
}

bool Script::switch_source_side(SemiSync wanted) {
  if (sql().semi_sync_source == wanted) return true;
  const auto names = semi_sync_names(said_.tables.variables);
  if (names.source.empty()) {
    return wanted == SemiSync::off ||
           fail("no rpl_semi_sync_source_enabled: the semi-sync source plugin is not loaded");
  }
  return tell(set_global(names.source, wanted == SemiSync::on ? "ON" : "OFF"));
}

/// A change of source drops the relay log, on either flavour; MySQL's where both threads are stopped. So its
/// transactions are applied first, for at most half of the time that is left: the new source may die before it has sent
/// them again. The rest is fetched again by GTID, as far as the new source has it. What was given up is dropped.
bool Script::follow(const RunStep& step) {
  const Endpoint& master = step.master;
  const auto row = default_source(words(), said_.tables.replication);
  if (row && info().master == master && sql().receiving && sql().applying) return true;
  Source source{master, row.has_value(), sql().source_tls, options_.replication_username,
                options_.replication_password};
  if (!row && source.username.empty())
    return fail("needs replication_username: it has no source configured whose account could be kept");
  const bool by_itself = row && said_.tables.replication.find(*row, "Auto_Position") == "1";
  if (by_itself && info().master == master)
    return tell(words().start(ReplicaThreads::both));  // keeps MySQL's relay log
  const bool keeps = step.loss == LossPolicy::keep_writes;
  if (by_itself && keeps && sql().applying) return follow_while_applying(master);
  if (row && !stop_with_relay_log_applied(step.loss)) return false;
  if (!row) source.tls = step.tls ? *step.tls : ReplicationTls{.on = asks_for_tls(ask_, options_.login.tls.mode)};
  if (!row && !tell(words().adopt_own_position())) return false;
  return tell(words().change_source(source)) && tell(words().start(ReplicaThreads::both));
}

bool Script::stop_with_relay_log_applied(LossPolicy loss) {
  if (!tell(words().stop(ReplicaThreads::receiver)) || !read()) return false;
  const bool keeps = loss == LossPolicy::keep_writes && sql().delay.count() == 0;
  if (keeps && sql().applying) apply_within(time_left_() / 2);
  return tell(words().stop(ReplicaThreads::both));
}

/// MySQL: the applier keeps running, because stopping it may take a minute (end_half_received). The new master has
/// every transaction that the applier still applies, or the decision would not have named that master.
bool Script::follow_while_applying(const Endpoint& master) {
  return tell(words().stop(ReplicaThreads::receiver)) && tell(words().point_at(master)) &&
         tell(words().start(ReplicaThreads::receiver));
}

/// The source's side of semi-sync goes off last: that takes MySQL up to a second, and nothing waits for it.
bool Script::repoint(const RunStep& step) {
  if (is_writable_replica(info()) && !fence()) return false;
  return follow(step) && (sql().semi_sync_source != SemiSync::on || switch_source_side(SemiSync::off));
}

}  // namespace

StepOutcome carry_out(const RunStep& step, const NodeOptions& options, const Ask& ask,
                      const std::function<Milliseconds()>& time_left) {
  return Script(options, ask, time_left).run(step);
}

}  // namespace sengu::health::mysql
