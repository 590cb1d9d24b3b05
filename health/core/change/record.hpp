// The journal's record of a group (Knowledge::record): all that writes to the record is here. What each phase promises
// to a later run is in RULES §7.
#pragma once

#include <optional>

#include "health/core/knowledge/knowledge.hpp"
#include "health/model/outbox.hpp"

namespace sengu::health {

/// Begins with the record that an earlier run left; none: there was no earlier run.
void take_record(Knowledge& knowledge, std::optional<JournalRecord> record);

/// A failover begins: a new epoch, and no target yet.
void record_switching(Knowledge& knowledge, Reason cause);
/// `target` is about to be told to promote. `chosen` is the target as seen when it was chosen, with what counts as
/// received.
void record_target(Knowledge& knowledge, NodeId target, const ServerInfo& chosen);
/// A node that is a master already is about to become the group's.
void record_new_epoch(Knowledge& knowledge);
/// `master` was observed as master.
void record_master(Knowledge& knowledge, NodeId master);
/// The failover ended before the promote was sent: the old master keeps its role.
void record_given_up(Knowledge& knowledge);
/// MySQL: the process of the master is known by its start, where it is not yet. True where the record has changed.
[[nodiscard]] bool record_process(Knowledge& knowledge, const ServerInfo& master);
/// MySQL: the master is fenced, or an operator wants its read_only undone as if it were.
void record_fenced(Knowledge& knowledge);
/// ... and was seen undone for long enough.
void record_unfenced(Knowledge& knowledge);
/// How far the master has come, and what each node holds. The master may go on under a new replication id: Redis gives
/// one to a master without a backlog when its first replica attaches.
void record_history(Knowledge& knowledge, const ServerInfo& master);

/// Hands the record to the journal. Returns the serial that the answer will carry.
Serial write_record(const Knowledge& knowledge, Outbox& out);

/// A write of the journal whose answer a state waits for.
class RecordWrite {
 public:
  void begin(const Knowledge& knowledge, Outbox& out);
  void take(const JournalWritten& written);
  void forget() { state_ = State::none; }
  bool durable() const { return state_ == State::durable; }
  bool failed() const { return state_ == State::failed; }

 private:
  enum class State : std::uint8_t { none, pending, durable, failed };
  State state_ = State::none;
  Serial serial_{};
};

}  // namespace sengu::health
