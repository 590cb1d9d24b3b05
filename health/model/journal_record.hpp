// What survives a restart of sengu: one record per group (RULES §7). Plain values; health/journal makes them durable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "health/model/observation.hpp"

namespace sengu::health {

enum class Phase : std::uint8_t {
  steady,     // `master` was observed as master under `epoch`
  switching,  // `epoch` was taken for a failover away from `master`; no target chosen yet
  promoting,  // `target` is about to be, or was, told to be master
};
std::string_view to_string(Phase phase);

/// How the journal was found. Damaged: the group has, or may have, lost its record; nothing is done unasked until an
/// operator names the master (RULES §7).
enum class JournalFound : std::uint8_t { sound, damaged };

/// What a node held when it was last seen as a copy of the group's data. Redis only.
struct HeldCopy {
  std::string node;
  std::string server_id;    // the run id of the server that held it
  std::uint64_t keys = 0;   // over all databases
  std::int64_t offset = 0;  // in the group's history (bytes)
  // Keys that came between the two last looks at that server; in a record, since the record before. None: it was looked
  // at once.
  std::optional<std::uint64_t> growth = std::nullopt;
  bool operator==(const HeldCopy&) const = default;
};

struct JournalRecord {
  std::string group;
  Epoch epoch = 0;
  Phase phase = Phase::steady;
  std::string master;       // node name
  std::string server_id;    // the master's run id
  std::string replid;       // its history: replication id ...
  std::int64_t offset = 0;  // ... and the last offset seen (bytes)
  std::string target;       // node name, in phase promoting
  // A fence may have been sent to `master`. MySQL: it lasts, and is forgotten once it was seen undone for a while.
  bool fenced = false;
  // MySQL: SqlInfo::started of the process that was seen as the master. 0: of none yet, or an older sengu wrote this.
  std::chrono::seconds server_started{0};
  std::vector<std::string> past_servers;  // run ids that were ever master, newest last, at most 32
  std::vector<std::string>
      past_replids;              // Redis: histories of the group before the present one, newest last, at most 16
  std::vector<HeldCopy> copies;  // Redis: at most one for each node
  // Fields of a newer sengu, as a JSON object; empty: none. Kept and written back, a fraction perhaps without its last
  // digit.
  std::string unread;
  bool operator==(const JournalRecord&) const = default;
};

}  // namespace sengu::health
