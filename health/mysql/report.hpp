// Reads a server's answers: rows to ServerInfo. Pure; the statements are dialect's.
#pragma once

#include <string>

#include "health/model/observation.hpp"
#include "health/mysql/dialect.hpp"
#include "health/mysql/table.hpp"

namespace sengu::health::mysql {

/// The answers to the statements of the same names.
struct Tables {
  Table variables, transactions, replication, counters;
  Table heartbeats;  // empty where it was not asked
  Table log;         // the binary log's own; empty where it was not asked, or not told
  Table started;     // empty likewise
  Table locks;       // who holds up commits; empty where it was not asked, or not told
  bool locks_are_told = true;
};

struct Report {
  std::optional<ServerInfo> info;  // none: `problem` says what could not be read
  std::string problem;
};

/// `link_up` only means that the IO thread says Yes; SourceWatch knows since when the source is silent.
Report read_report(const Dialect& dialect, const Tables& tables);

/// The variables by which semi-sync is switched on this server, as it calls them; empty where it has none.
struct SemiSyncNames {
  std::string source, replica;
};
SemiSyncNames semi_sync_names(const Table& variables);

/// How the replica of that row reaches its source.
ReplicationTls replication_tls(const Dialect& dialect, const Table& replication, std::size_t row);

/// The row of the default source in the answer to Dialect::replication(); none where no source is configured.
std::optional<std::size_t> default_source(const Dialect& dialect, const Table& replication);

}  // namespace sengu::health::mysql
