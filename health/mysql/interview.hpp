// The questions of one probe, in order, over one connection. Remembers what this connection may not ask. Knows neither
// threads nor sockets.
#pragma once

#include <optional>
#include <string>

#include "health/model/observation.hpp"
#include "health/mysql/dialect.hpp"
#include "health/mysql/report.hpp"
#include "health/mysql/table.hpp"

namespace sengu::health::mysql {

/// What a server said of itself, with the rows it said it in.
struct Statement {
  Outcome outcome = Outcome::ok;
  std::string text;                // the error, for people
  std::optional<Failure> failure;  // of the statement that failed, where one did
  std::optional<Dialect> dialect;
  Tables tables;
  std::optional<ServerInfo> info;  // where outcome is ok
};

class Interview {
 public:
  /// `query`: the liveness statement (health.query), asked last; empty: none.
  explicit Interview(std::string query = {}) : query_(std::move(query)) {}

  Statement ask(const Ask& ask);

 private:
  bool ask_heartbeats(const Ask& ask, Statement& said);
  bool ask_once(const Ask& ask, const std::string& statement, std::optional<Table>& answer, Statement& said);
  bool ask_what_stays(const Ask& ask, Statement& said);
  bool ask_locks(const Ask& ask, Statement& said);

  const std::string query_;
  bool no_heartbeats_ = false;  // performance_schema is off, or not ours to read
  std::optional<Table> log_;    // as it was told once
  std::optional<Table> started_;
  bool locks_are_told_ = true;
  unsigned probes_ = 0;  // may wrap
  Table locks_;          // as last told
};

}  // namespace sengu::health::mysql
