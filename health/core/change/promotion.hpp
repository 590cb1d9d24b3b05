// How a chosen node becomes the group's master, whatever the reason for the change. The target goes into the journal,
// is told to promote, is observed as master, and goes into the journal as the master. Each kind of change has one; the
// table of states is in failover.hpp.
#pragma once

#include <optional>

#include "health/core/change/context.hpp"
#include "health/core/change/record.hpp"

namespace sengu::health {

class Promotion {
 public:
  enum class Stage : std::uint8_t { none, targeting, promoting, confirming };

  /// Begins with `target`. With accept_loss the transactions in its relay log count as not received.
  void choose(const ChangeContext& context, NodeId target, LossPolicy loss);
  /// Begins in confirming: `master` was observed as master already.
  void confirm(const ChangeContext& context, NodeId master);
  void journal_written(const JournalWritten& written) { write_.take(written); }
  /// The server answered the promote.
  void step_done(Time now, const StepDone& done);
  /// Goes as far as what is known allows. `stop` is a reason not to send the promote, none if there is none; once the
  /// promote is sent it has no effect. Returns the result once, at the end: none where the target is master and
  /// journalled, else why not.
  std::optional<Reason> advance(const ChangeContext& context, Reason stop);
  void end();

  Stage stage() const { return stage_; }
  NodeId target() const { return target_; }
  /// The target as it was when chosen; from confirming on, as it was observed as master and journalled.
  const ServerInfo& seen() const { return seen_; }
  /// In promoting: an answer to a question from before this time does not count.
  Time told_at() const { return told_at_; }
  /// In promoting and confirming: when step() is due although nothing new was observed.
  Time deadline() const { return deadline_; }

 private:
  void promote(const ChangeContext& context);
  bool observed(const ChangeContext& context) const;
  bool lost(const ChangeContext& context) const;
  Endpoint donor(const Knowledge& knowledge) const;

  Stage stage_ = Stage::none;
  LossPolicy loss_ = LossPolicy::keep_writes;
  NodeId target_{};
  ServerInfo seen_;
  Time told_at_{};
  Time deadline_{};
  std::optional<Time> refused_;  // when the promote was answered with a failure
  RecordWrite write_;
};

}  // namespace sengu::health
