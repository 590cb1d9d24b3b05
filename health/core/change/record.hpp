// The journal's record of a group (Knowledge::record): everything that is ever written into it, in one place. What each phase
// promises to a later run is in RULES §7.
#pragma once

#include <optional>

#include "health/core/knowledge/knowledge.hpp"
#include "health/model/outbox.hpp"

namespace sengu::health {

/// What an earlier run left; none: there was none.
void take_record(Knowledge& knowledge, std::optional<JournalRecord> record);

/// A failover begins: a new epoch, and no target yet.
void record_switching(Knowledge& knowledge, Reason cause);
/// `target` is about to be told. `chosen` is as it was seen when it was chosen, with what counts as received.
void record_target(Knowledge& knowledge, NodeId target, const ServerInfo& chosen);
/// A node that is master already is about to be taken as ours.
void record_new_epoch(Knowledge& knowledge);
/// `master` was observed as master.
void record_master(Knowledge& knowledge, NodeId master);
/// The failover came to nothing before anything was promised: the master stays what it is.
void record_given_up(Knowledge& knowledge);
/// Redis gives a master without a backlog a new replication id when its first replica attaches: same server, same data.
void record_history(Knowledge& knowledge, const ServerInfo& master);

/// Hands the record to the journal as it is; the serial of the answer.
Serial write_record(const Knowledge& knowledge, Outbox& out);

/// A write whose answer something waits for.
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
