#include "health/mysql/interview.hpp"

#include "health/mysql/errors.hpp"

namespace sengu::health::mysql {

namespace {

constexpr unsigned probes_per_look_at_locks =
    10;  // of no use oftener: a lock ranks a candidate, and a promote asks anew

/// True where the server answered the statement; else `said` holds the failure.
bool take(const Ask& ask, const std::string& statement, Table& table, Statement& said) {
  auto reply = ask(statement);
  if (reply.ok()) {
    table = std::move(reply.table);
    return true;
  }
  said.outcome = classify(*reply.failure);
  said.text = describe(*reply.failure);
  said.failure = std::move(reply.failure);
  return false;
}

enum class Told : std::uint8_t { yes, no, connection_gone };

/// As take(), of what a server need not tell (a missing grant, table or plugin): then `table` is empty.
Told take_if_told(const Ask& ask, const std::string& statement, Table& table, Statement& said) {
  table = {};
  if (take(ask, statement, table, said)) return Told::yes;
  if (!is_from_server(*said.failure)) return Told::connection_gone;
  said.outcome = Outcome::ok;
  said.text.clear();
  said.failure.reset();
  return Told::no;
}

Statement& end(Statement& said, Outcome outcome, std::string text) {
  said.outcome = outcome;
  said.text = std::move(text);
  said.info.reset();
  return said;
}

}  // namespace

/// The variables and the executed transactions are asked before the replication status: so a received transaction never
/// looks applied before it is.
Statement Interview::ask(const Ask& ask) {
  Statement said;
  auto& tables = said.tables;
  if (!take(ask, Dialect::variables(), tables.variables, said)) return said;
  said.dialect = Dialect::of(tables.variables.value_of("version").value_or(""));
  if (!said.dialect) return end(said, Outcome::invalid, "a version that cannot be read");
  if (!take(ask, said.dialect->transactions(), tables.transactions, said)) return said;
  if (!take(ask, said.dialect->replication(), tables.replication, said)) return said;
  if (!take(ask, Dialect::counters(), tables.counters, said)) return said;
  if (!ask_heartbeats(ask, said) || !ask_what_stays(ask, said) || !ask_locks(ask, said)) return said;
  auto report = read_report(*said.dialect, tables);
  if (!report.info) return end(said, Outcome::invalid, std::move(report.problem));
  said.info = std::move(report.info);
  Table ignored;
  if (query_.empty() || take(ask, query_, ignored, said)) return said;
  if (is_from_server(*said.failure)) return end(said, Outcome::error, "health.query: " + said.text);
  said.info.reset();
  return said;
}

/// Each of these is false where the connection is gone. Where the grant or the rows are missing, this connection does
/// not ask again.
bool Interview::ask_heartbeats(const Ask& ask, Statement& said) {
  const auto statement = said.dialect->heartbeats();
  if (statement.empty() || no_heartbeats_ || !default_source(*said.dialect, said.tables.replication)) return true;
  const Told told = take_if_told(ask, statement, said.tables.heartbeats, said);
  no_heartbeats_ = told == Told::no || said.tables.heartbeats.rows.empty();
  return told != Told::connection_gone;
}

/// Of what only a restart changes, which ends the connection: asked once.
bool Interview::ask_once(const Ask& ask, const std::string& statement, std::optional<Table>& answer, Statement& said) {
  if (answer) return true;
  Table table;
  if (take_if_told(ask, statement, table, said) == Told::connection_gone) return false;
  answer = std::move(table);
  return true;
}

bool Interview::ask_what_stays(const Ask& ask, Statement& said) {
  if (!ask_once(ask, said.dialect->binary_log(), log_, said)) return false;
  if (!ask_once(ask, when_started(*said.dialect), started_, said)) return false;
  said.tables.log = *log_;
  said.tables.started = *started_;
  return true;
}

bool Interview::ask_locks(const Ask& ask, Statement& said) {
  const auto statement = locks(*said.dialect);
  if (!statement.empty() && locks_are_told_ && probes_++ % probes_per_look_at_locks == 0) {
    const Told told = take_if_told(ask, statement, locks_, said);
    locks_are_told_ = told != Told::no;
    if (told == Told::connection_gone) return false;
  }
  said.tables.locks = locks_;
  said.tables.locks_are_told = locks_are_told_;
  return true;
}

}  // namespace sengu::health::mysql
