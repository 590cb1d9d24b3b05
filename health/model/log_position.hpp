// A place in a server's binary log, and how far a replica that follows by such places has come. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sengu::health {

struct LogPosition {
  std::string file;         // "bin.000012", as the server says
  std::uint64_t bytes = 0;  // within the file

  /// None where `file` has no number at its end, or `bytes` is no number.
  static std::optional<LogPosition> of(std::string_view file, std::string_view bytes);

  /// Both are in logs of one name, whose files differ by their number alone.
  bool is_in_log_of(const LogPosition& other) const;
  /// Within one log. Numbers grow longer: bin.999999 comes before bin.1000000.
  std::strong_ordering operator<=>(const LogPosition& other) const;
  bool operator==(const LogPosition&) const = default;
  std::string text() const;  // "bin.000012:3283"
};

/// MariaDB: the replica follows by file and position (MASTER_USE_GTID=no). No GTID tells what its relay log holds.
struct ByPosition {
  std::string source;    // the server id of its source; empty: it was not connected since its start
  LogPosition received;  // in the source's log: Read_Master_Log_Pos
  LogPosition applied;   // ... Exec_Master_Log_Pos
  bool idle = false;     // its applier says that it waits for more
  /// It was idle a second before, too, and nothing has moved since: what is left is half a transaction.
  bool at_rest = false;

  bool all_applied() const { return applied >= received || at_rest; }
};

}  // namespace sengu::health
