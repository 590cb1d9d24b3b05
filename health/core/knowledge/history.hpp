// The history of a group's writes, and how much of it a server holds: the comparison that every choice rests on (RULES
// §5). Redis numbers bytes within a replication id; MySQL and MariaDB name transactions. Offsets of two servers
// are compared only as received() gives them.
#pragma once

#include <optional>
#include <string>

#include "config/settings.hpp"
#include "health/model/journal_record.hpp"
#include "health/model/observation.hpp"

namespace sengu::health {

/// The history of the group's writes. A candidate must share it.
struct History {
  // Redis: a replication id, and its parent. A replica that stopped within the parent holds a beginning of this history
  std::string replid;
  std::string parent;             // master_replid2 of the master when it took over; empty: none
  std::int64_t parent_until = 0;  // first offset that is no longer the parent's (second_repl_offset)
  // MySQL and MariaDB
  std::string writer;  // the master's run id: the only server whose transactions may go on
  GtidSet gtids;       // what the master had when last seen

  bool known() const { return !replid.empty() || !writer.empty(); }
};

History history_of(const ServerInfo& master);
/// The history as the journal keeps it. Of a GTID set only the last of each source is kept, so all before that counts
/// as held.
History history_of(const JournalRecord& record, config::Kind kind);
void journal_history(JournalRecord& record, const History& history, std::int64_t offset);

/// How much of the group's history a server holds.
struct Received {
  std::int64_t offset = 0;  // how much of the history it holds (bytes; transactions)
  bool diverged = false;    // it holds bytes or transactions that are not of the history
};
/// How much of the group's history `info`'s server holds; none where it shares no history. Offsets are comparable only
/// through this (RULES §5): a node that was a master for a while counts bytes that are not the group's.
std::optional<Received> received(const History& history, const ServerInfo& info);

/// Transactions that were written on a server that was not the master then. Only of MySQL and MariaDB.
GtidSet errant(const History& history, const ServerInfo& info);
/// `ahead` holds transactions of the history that `info` does not have. Only of MySQL and MariaDB.
bool lacks_what(const ServerInfo& info, const History& history, const ServerInfo& ahead);

/// MySQL and MariaDB: the server has applied all that it received.
bool all_applied(const ServerInfo& info);
/// MySQL and MariaDB: how many transactions of the history the server has applied.
std::int64_t applied(const History& history, const ServerInfo& info);
/// MySQL and MariaDB: the replica applies what it receives late, as it is told to (SOURCE_DELAY).
bool is_delayed(const ServerInfo& info);
/// MariaDB: both replicate from one server by file and position, without a node between. What they received compares by
/// that alone, in ByPosition::received: their GTIDs tell what they have applied.
bool follow_one_log(const ServerInfo& one, const ServerInfo& other);
/// `one` has received less of the history than `other`; true also where it shares no history and the other does.
bool has_received_less(const History& history, const ServerInfo& one, const ServerInfo& other);

/// The server shares the journal's history, now or before its own promotion.
bool of_history(const ServerInfo& info, const JournalRecord& record);
/// The target of the record's promote, as master, holds what it was chosen for. One that restarted from an old RDB
/// after the promote shares the history, and holds less.
bool holds_what_it_was_chosen_for(const ServerInfo& target, const JournalRecord& record);
/// The server was in this history when last seen, and has gone on with writes of its own.
bool left_history(const ServerInfo& info, const History& history);
/// `now`, seen after the promote, is the server `chosen` and still holds all that it was chosen for.
bool goes_on_from(const ServerInfo& now, const ServerInfo& chosen);

/// A master that is not the group's holds writes that the routed one may lack: bytes beyond the point of the switch or,
/// after a restart, a history of its own. Redis does not tell more; rejoin_delay keeps the data for people to look at
/// (RULES §6.1). For MySQL and MariaDB errant() tells exactly.
bool has_a_tail(const ServerInfo& master, const ServerInfo& rogue);

}  // namespace sengu::health
