// What a group's writes are in, and how much of it a server holds: the comparison that every choice rests on (RULES §5).
// Redis numbers bytes within a replication id; MySQL and MariaDB name transactions. Nothing else compares offsets or sets.
#pragma once

#include <optional>
#include <string>

#include "config/settings.hpp"
#include "health/model/journal_record.hpp"
#include "health/model/observation.hpp"

namespace sengu::health {

/// Candidates must share it.
struct History {
  // Redis: a replication id, and the one it went on from: a replica that stopped there holds a beginning of this history
  std::string replid;
  std::string parent;                 // master_replid2 of the master when it took over; empty: none
  std::int64_t parent_until = 0;      // first offset that is no longer the parent's (second_repl_offset)
  // MySQL and MariaDB
  std::string writer;                 // the master's run id: its transactions go on, those of no other server do
  GtidSet gtids;                      // what the master had when last seen

  bool known() const { return !replid.empty() || !writer.empty(); }
};

History history_of(const ServerInfo& master);
/// What a later run knows of it: of sets only the last of each source, so that all before counts as held.
History history_of(const JournalRecord& record, config::Kind kind);
void journal_history(JournalRecord& record, const History& history, std::int64_t offset);

/// How much of the group's history a server holds.
struct Received {
  std::int64_t offset = 0;            // how far it has come in the history (bytes; transactions)
  bool diverged = false;              // it has bytes or transactions of its own beyond that
};
/// None where it shares no history. Offsets are comparable only through this (RULES §5): a node that was a master
/// for a while counts bytes that are not the group's.
std::optional<Received> received(const History& history, const ServerInfo& info);

/// Transactions that were written on a server that was not the master then. Only of MySQL and MariaDB.
GtidSet errant(const History& history, const ServerInfo& info);
/// `ahead` holds transactions of the history that `info` does not have. Only of MySQL and MariaDB.
bool lacks_what(const ServerInfo& info, const History& history, const ServerInfo& ahead);

/// The server has, or had before its own promotion, what the journal's history was when it was written.
bool of_history(const ServerInfo& info, const JournalRecord& record);
/// The server was in this history when it last was seen, and went on by itself.
bool left_history(const ServerInfo& info, const History& history);
/// `now` is what became of `chosen` when it was promoted: it holds all that it was chosen for.
bool goes_on_from(const ServerInfo& now, const ServerInfo& chosen);

/// Following `master` would replace the node's data by much less of another history. MySQL and MariaDB never do that.
bool would_wipe(const ServerInfo& master, const ServerInfo& node);
/// A master that is not ours holds what the routed one may not have: bytes beyond the point of the switch, or, restarted,
/// a history of its own. More cannot be told of it; rejoin_delay keeps it for people to look at (RULES §6.1). Of MySQL
/// and MariaDB errant() tells exactly.
bool has_a_tail(const ServerInfo& master, const ServerInfo& rogue);

}  // namespace sengu::health
