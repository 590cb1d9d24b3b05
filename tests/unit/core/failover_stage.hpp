// A machine of a failover beside the group of three of knowledge_of.hpp, and the shortest way to each of its states.
// For the tests of the machine, which go one step at a time.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>

#include "health/core/change/failover.hpp"
#include "tests/support/knowledge_of.hpp"

namespace sengu::test {

using namespace std::chrono_literals;
using namespace sengu::health;
using MachineState = FailoverMachine::State;

/// Ten transactions of `server`, or as many as `last` says.
inline GtidSet transactions(char server, int last = 10) {
  return *GtidSet::parse_mysql("0000000" + std::string(1, server) + "-0000-0000-0000-000000000001:1-" +
                               std::to_string(last));
}

inline FailoverPlan because(Reason cause, std::optional<NodeId> to = std::nullopt) {
  FailoverPlan plan;
  plan.cause = cause;
  plan.to = to;
  return plan;
}

/// The master of the group does not answer.
struct FailoverStage : Known {
  explicit FailoverStage(config::Kind kind = config::Kind::redis) : now(seen + 1s) {
    settings.kind = kind;
    if (kind == config::Kind::mysql) speak_sql();
    node(a).outcome = Outcome::l4_refused;
    node(a).refused.count = 2;
    knowledge.master_verified = false;
  }

  void speak_sql() {
    knowledge.record.server_id = "0000000a-0000-0000-0000-000000000001";
    knowledge.history = {};
    knowledge.history.writer = knowledge.record.server_id;
    knowledge.history.gtids = transactions('a');
    for (const auto id : {a, b, c}) {
      info(id).run_id = std::string("0000000") + "abc"[index(id)] + "-0000-0000-0000-000000000001";
      info(id).read_only = id != a;
      SqlInfo& sql = info(id).sql.emplace();
      sql.executed = sql.received = transactions('a');
      sql.receiving = sql.applying = id != a;
    }
  }

  ChangeContext context() { return {now, knowledge, out, acknowledged, may_act, paused}; }

  /// Goes on for as long as something changes; how it ended, where it did.
  std::optional<FailoverMachine::Ended> advance() {
    for (auto before = machine.state();; before = machine.state()) {
      if (const auto ended = machine.advance(context())) return ended;
      if (machine.state() == before) return std::nullopt;
    }
  }
  std::optional<Reason> ends() {
    const auto ended = advance();
    return ended ? std::optional(ended->result) : std::nullopt;
  }

  /// What was sent since the last call.
  Commands sent() { return std::exchange(out.commands, {}); }
  std::optional<RunStep> sent_step(Step step) const {
    for (const Command& command : out.commands) {
      const auto* run = std::get_if<RunStep>(&command);
      if (run != nullptr && run->step == step) return *run;
    }
    return std::nullopt;
  }
  void answer_journal(bool ok) {
    std::vector<JournalWritten> answers;
    for (const Command& command : out.commands) {
      if (const auto* write = std::get_if<WriteJournal>(&command)) answers.push_back({write->serial, ok});
    }
    for (const JournalWritten& answer : answers) machine.journal_written(answer);
  }
  void answer_step(NodeId id, Step step, StepResult result = StepResult::done) {
    node(id).told.step.reset();
    node(id).told.done = now;
    machine.step_done(now, StepDone{id, step, result, {}});
  }
  /// Each node that answers is asked again now, and says who else decides.
  void be_asked() {
    for (const auto id : {a, b, c}) {
      NodeView& view = node(id);
      view.last_asked = now;
      if (view.alive()) view.info_asked = now;
      view.deciders.pending = false;
      view.deciders.asked = now;
    }
  }
  void stop_receiving() {
    for (const auto id : {b, c}) {
      if (info(id).sql) info(id).sql->receiving = false;
    }
  }
  void become_master(NodeId id) {
    info(id).role = Role::master;
    info(id).replid2 = "h";
    info(id).replid = "new";
    info(id).master = {};
    node(id).info_asked = node(id).last_asked = now;
  }

  // --- on the way to each state, by the shortest path ---
  void to_barrier(FailoverPlan plan = because(Reason::process_death)) {
    if (plan.lost_at == Time{}) plan.lost_at = now;
    machine.begin(context(), plan);
  }
  void to_survey(FailoverPlan plan = because(Reason::process_death)) {
    to_barrier(plan);
    answer_journal(true);
    acknowledged = true;
    advance();
    REQUIRE(machine.state() == MachineState::survey);
  }
  void to_applying(FailoverPlan plan = because(Reason::process_death)) {
    to_survey(plan);
    info(b).sql->executed = transactions('a', 5);
    info(c).sql->executed = transactions('a', 4);
    finish_survey();
    REQUIRE(machine.state() == MachineState::applying);
  }
  void finish_survey() {
    now += 1ms;
    stop_receiving();
    for (const auto id : {b, c}) {
      if (node(id).told.step) answer_step(id, *node(id).told.step);
    }
    be_asked();
    advance();
  }
  void to_targeting() {
    to_survey();
    sent();
    finish_survey();
    REQUIRE(machine.state() == MachineState::targeting);
  }
  void to_promoting() {
    to_targeting();
    answer_journal(true);
    advance();
    REQUIRE(machine.state() == MachineState::promoting);
  }
  void to_confirming() {
    to_promoting();
    sent();
    now += 1ms;
    become_master(b);
    advance();
    REQUIRE(machine.state() == MachineState::confirming);
  }

  FailoverMachine machine;
  Outbox out;
  Time now;
  bool acknowledged = false;
  bool may_act = true;
  bool paused = false;
};

}  // namespace sengu::test
