// The machine of a failover, one step at a time and alone: each transition of the table in its header, and no other.
#include "health/core/change/failover.hpp"

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/support/knowledge_of.hpp"
#include "tests/support/source_dir.hpp"

using namespace sengu;
using namespace sengu::health;
using namespace std::chrono_literals;

namespace {

using test::a, test::b, test::c;
using State = FailoverMachine::State;

/// Ten transactions of `server`, or as many as `last` says.
GtidSet transactions(char server, int last = 10) {
  return *GtidSet::parse_mysql("0000000" + std::string(1, server) + "-0000-0000-0000-000000000001:1-" + std::to_string(last));
}

FailoverPlan because(Reason cause, std::optional<NodeId> to = std::nullopt) {
  FailoverPlan plan;
  plan.cause = cause;
  plan.to = to;
  return plan;
}

/// The group of three of knowledge_of.hpp, and the machine beside it. Its master does not answer.
struct Stage : test::Known {
  explicit Stage(config::Kind kind = config::Kind::redis) : now(seen + 1s) {
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
    REQUIRE(machine.state() == State::survey);
  }
  void to_applying(FailoverPlan plan = because(Reason::process_death)) {
    to_survey(plan);
    info(b).sql->executed = transactions('a', 5);
    info(c).sql->executed = transactions('a', 4);
    finish_survey();
    REQUIRE(machine.state() == State::applying);
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
    REQUIRE(machine.state() == State::targeting);
  }
  void to_promoting() {
    to_targeting();
    answer_journal(true);
    advance();
    REQUIRE(machine.state() == State::promoting);
  }
  void to_confirming() {
    to_promoting();
    sent();
    now += 1ms;
    become_master(b);
    advance();
    REQUIRE(machine.state() == State::confirming);
  }

  FailoverMachine machine;
  Outbox out;
  Time now;
  bool acknowledged = false;
  bool may_act = true;
  bool paused = false;
};

}  // namespace

TEST_CASE("failover machine: a failover of Redis from the first step to the last") {
  Stage stage;
  stage.to_barrier();
  CHECK(stage.knowledge.record.phase == Phase::switching);
  CHECK(stage.knowledge.record.epoch == 1);
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::barrier);
  stage.answer_journal(true);
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::barrier);   // not every worker has cut
  stage.acknowledged = true;
  stage.sent();
  stage.advance();
  CHECK(stage.machine.state() == State::survey);
  CHECK_FALSE(stage.sent_step(Step::fence));        // refused: no server is there to fence
  CHECK(stage.node(b).deciders.pending);
  CHECK(stage.machine.wants_observations_since() == stage.now);
  stage.sent();
  stage.finish_survey();
  CHECK(stage.machine.state() == State::targeting);
  CHECK(stage.machine.target() == b);
  CHECK(stage.knowledge.record.phase == Phase::promoting);
  CHECK(stage.knowledge.record.target == "b");
  CHECK_FALSE(stage.sent_step(Step::promote));      // not before the target is in the journal
  stage.answer_journal(true);
  stage.sent();
  stage.advance();
  CHECK(stage.machine.state() == State::promoting);
  CHECK(stage.sent_step(Step::promote)->node == b);
  CHECK(stage.node(b).told.step == Step::promote);
  stage.answer_step(b, Step::promote);
  stage.advance();
  CHECK(stage.machine.state() == State::promoting); // what it answered is not what a probe saw
  stage.sent();
  stage.now += 1ms;
  stage.become_master(b);
  stage.advance();
  CHECK(stage.machine.state() == State::confirming);
  CHECK(stage.knowledge.record.master == "b");
  CHECK(stage.knowledge.record.past_servers == std::vector<std::string>{"run-b"});
  CHECK_FALSE(stage.advance());
  stage.answer_journal(true);
  const auto ended = stage.advance();
  REQUIRE(ended);
  CHECK(ended->result == Reason::none);
  CHECK(ended->target == b);
  CHECK(ended->master.replid == "new");
  CHECK_FALSE(stage.machine.active());
  CHECK_FALSE(stage.machine.target());
}

TEST_CASE("failover machine: a living master is fenced, and looked at again behind the fence") {
  Stage stage;
  stage.be_seen(a);
  stage.node(a).refused.count = 0;
  stage.to_survey(because(Reason::operator_request));
  const auto fence = stage.sent_step(Step::fence);
  REQUIRE(fence);
  CHECK(fence->node == a);
  CHECK(stage.node(a).told.step == Step::fence);
  stage.be_asked();
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::survey);   // the fence is waited for
  stage.now += 5ms;
  stage.answer_step(a, Step::fence);
  CHECK(stage.machine.wants_observations_since() == stage.now);
  stage.advance();
  CHECK(stage.machine.state() == State::survey);   // what was asked before it does not count
  stage.now += 1ms;
  stage.be_asked();
  stage.advance();
  CHECK(stage.machine.state() == State::targeting);
}

TEST_CASE("failover machine: what comes to nothing takes its fence back, where there is one and the master lives") {
  Stage stage;
  stage.node(a).refused.count = 0;
  stage.to_survey(because(Reason::silence));
  stage.sent();
  stage.machine.unfence(stage.context());
  CHECK_FALSE(stage.sent_step(Step::unfence));
  stage.node(a).outcome = Outcome::ok;
  stage.machine.unfence(stage.context());
  CHECK(stage.sent_step(Step::unfence)->node == a);
  stage.sent();
  stage.knowledge.record.fenced = false;
  stage.machine.unfence(stage.context());
  CHECK_FALSE(stage.sent_step(Step::unfence));
}

TEST_CASE("failover machine: a stall in the survey voids what was seen, and the promote waits for its end") {
  Stage stage;
  stage.to_survey();
  stage.may_act = false;
  stage.now += 1s;
  stage.be_asked();
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.wants_observations_since() == stage.now);
  stage.may_act = true;
  stage.sent();
  stage.finish_survey();
  CHECK(stage.machine.state() == State::targeting);
  stage.answer_journal(true);
  stage.may_act = false;
  stage.advance();
  CHECK(stage.machine.state() == State::targeting);
}

TEST_CASE("failover machine: of MySQL the replicas stop receiving first, and the target applies what it has") {
  Stage stage(config::Kind::mysql);
  stage.to_survey();
  CHECK(stage.node(b).told.step == Step::stop_receiving);
  CHECK(stage.node(c).told.step == Step::stop_receiving);
  CHECK(stage.node(b).replica.stopped_by_us);
  stage.now += 1ms;
  stage.be_asked();
  CHECK_FALSE(stage.advance());
  CHECK(stage.machine.state() == State::survey);   // they receive still
  stage.info(b).sql->executed = stage.info(c).sql->executed = transactions('a', 5);
  stage.finish_survey();
  CHECK(stage.machine.state() == State::applying);
  CHECK(stage.machine.target() == b);
  REQUIRE(stage.sent_step(Step::apply_received));
  CHECK(stage.sent_step(Step::apply_received)->node == b);
  stage.now += 1ms;
  stage.be_asked();
  stage.sent();
  CHECK_FALSE(stage.advance());
  CHECK(stage.sent().empty());   // it is told so already
  stage.info(b).sql->executed = transactions('a');
  stage.advance();
  CHECK(stage.machine.state() == State::targeting);
}

TEST_CASE("failover machine: a journal that cannot be written at the end is tried again") {
  Stage stage;
  stage.to_confirming();
  stage.answer_journal(false);
  stage.sent();
  CHECK_FALSE(stage.advance());
  CHECK(stage.sent().empty());        // not at once
  stage.now = stage.machine.deadline();
  CHECK_FALSE(stage.advance());
  stage.answer_journal(true);
  CHECK(stage.ends() == Reason::none);
}

// --- the table ---

namespace {

/// "from to" -> why: the reasons of a way to idle; empty for any other way.
using Table = std::map<std::string, std::set<std::string>>;

Table table_in_header() {
  std::ifstream file(test::source_dir() + "/health/core/change/failover.hpp");
  REQUIRE(file);
  Table table;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string slashes, from, to, why;
    if (!(words >> slashes >> from >> to) || slashes != "//" || !std::getline(words, why)) continue;
    if (!line.starts_with("//   ") || from == "from") continue;
    auto& reasons = table[from + " " + to];
    if (to != "idle") continue;
    std::istringstream list(why.substr(0, why.find(':')));
    for (std::string word; list >> word;) reasons.insert(word.substr(0, word.find_first_of(",;")));
  }
  return table;
}

/// Walks every way that there is, and notes it.
struct Walker {
  Table seen;

  void came(State from, State to) { seen[std::string(to_string(from)) + " " + std::string(to_string(to))]; }

  template <typename Change>
  void goes(const Stage& at, State from, State to, Change change) {
    Stage& stage = const_cast<Stage&>(at);
    REQUIRE(stage.machine.state() == from);
    change(stage);
    CAPTURE(to_string(from));
    CAPTURE(to_string(to));
    // One step at a time: a machine that hurries on would hide the state between.
    REQUIRE_FALSE(stage.machine.advance(stage.context()));
    CHECK(stage.machine.state() == to);
    came(from, to);
  }

  template <typename Change>
  void ends(Stage& stage, State from, Reason why, Change change) {
    REQUIRE(stage.machine.state() == from);
    change(stage);
    CAPTURE(to_string(from));
    CAPTURE(to_string(why));
    CHECK(stage.ends() == why);
    CHECK(stage.machine.state() == State::idle);
    const bool stopped = why == Reason::master_alive_again || why == Reason::paused;
    seen[std::string(to_string(from)) + " idle"].insert(stopped ? "stopped" : why == Reason::none ? "done" : std::string(to_string(why)));
  }

  /// A pause, and a master that lives after all, from a stage that each time is made anew.
  template <typename Make>
  void stops(State from, Make make) {
    const auto paused = make();
    ends(*paused, from, Reason::paused, [](Stage& s) { s.paused = true; });
    const auto alive = make();
    ends(*alive, from, Reason::master_alive_again, [](Stage& s) { s.knowledge.master_verified = true; });
  }
};

template <typename Way>
std::unique_ptr<Stage> stage_at(Way way, config::Kind kind = config::Kind::redis) {
  auto stage = std::make_unique<Stage>(kind);
  way(*stage);
  return stage;
}

void walk_from_idle(Walker& walk) {
  Stage begun;
  begun.to_barrier();
  walk.came(State::idle, begun.machine.state());
  Stage adopted;
  adopted.become_master(b);
  adopted.machine.adopt(adopted.context(), b, Reason::adopted);
  walk.came(State::idle, adopted.machine.state());
  CHECK(adopted.knowledge.record.epoch == 1);
  Stage resumed;
  resumed.become_master(b);
  resumed.machine.resume_promotion(resumed.context(), b);
  walk.came(State::idle, resumed.machine.state());
  CHECK(resumed.knowledge.record.epoch == 0);   // the epoch of the run that began it
}

void walk_from_barrier(Walker& walk) {
  const auto make = [] { return stage_at([](Stage& s) { s.to_barrier(); }); };
  const auto acknowledged = make();
  walk.goes(*acknowledged, State::barrier, State::survey, [](Stage& s) { s.answer_journal(true), s.acknowledged = true; });
  const auto unwritable = make();
  walk.ends(*unwritable, State::barrier, Reason::journal_unwritable, [](Stage& s) { s.answer_journal(false); });
  walk.stops(State::barrier, make);
}

void walk_from_survey(Walker& walk) {
  const auto make = [] { return stage_at([](Stage& s) { s.to_survey(); }); };
  const auto told = [](Stage& s) { s.now += 1ms, s.be_asked(); };
  const auto chosen = make();
  walk.goes(*chosen, State::survey, State::targeting, told);
  const auto sql = stage_at([](Stage& s) { s.to_survey(); }, config::Kind::mysql);
  walk.goes(*sql, State::survey, State::applying, [&](Stage& s) {
    s.stop_receiving();
    for (const auto id : {b, c}) s.answer_step(id, Step::stop_receiving);
    told(s);
  });
  const auto unfit = make();
  walk.ends(*unfit, State::survey, Reason::no_good_replica, [&](Stage& s) {
    s.settings.nodes[1].priority = s.settings.nodes[2].priority = 0;
    told(s);
  });
  const auto heard = stage_at([](Stage& s) { s.to_survey(because(Reason::silence)); });
  walk.ends(*heard, State::survey, Reason::witness_hears_master, told);   // their links are up
  const auto watched = make();
  walk.ends(*watched, State::survey, Reason::two_deciders, [&](Stage& s) { told(s), s.node(c).deciders.names = {"sentinel-1@10.0.0.9"}; });
  const auto behind = stage_at([](Stage& s) { s.to_survey(because(Reason::operator_request, b)); });
  walk.ends(*behind, State::survey, Reason::still_behind, [&](Stage& s) {
    s.info(b).offset = 50;
    s.info(b).link_up = s.info(c).link_up = false;
    told(s);
  });
  const auto receives = stage_at([](Stage& s) { s.to_survey(); }, config::Kind::mysql);
  walk.ends(*receives, State::survey, Reason::step_failed, [&](Stage& s) { s.now = s.machine.deadline(), s.be_asked(); });
  walk.stops(State::survey, make);
}

void walk_from_applying(Walker& walk) {
  const auto make = [] { return stage_at([](Stage& s) { s.to_applying(); }, config::Kind::mysql); };
  const auto applied = make();
  walk.goes(*applied, State::applying, State::targeting, [](Stage& s) { s.info(b).sql->executed = transactions('a'); });
  const auto accepted = make();
  walk.goes(*accepted, State::applying, State::targeting, [](Stage& s) { s.machine.accept_loss(); });
  CHECK(accepted->machine.plan().loss == LossPolicy::accept_loss);
  const auto error = make();
  walk.ends(*error, State::applying, Reason::applier_error, [](Stage& s) { s.info(b).sql->apply_error = "1062 Duplicate entry"; });
  const auto stopped = make();
  walk.ends(*stopped, State::applying, Reason::applier_stopped, [](Stage& s) { s.info(b).sql->applying = false; });
  const auto another = make();
  walk.ends(*another, State::applying, Reason::step_failed, [](Stage& s) { s.info(b).run_id = "another"; });
  const auto down = make();
  walk.ends(*down, State::applying, Reason::step_failed, [](Stage& s) { s.node(b).shown.sdown = true; });
  walk.stops(State::applying, make);
}

void walk_from_targeting(Walker& walk) {
  const auto make = [] { return stage_at([](Stage& s) { s.to_targeting(); }); };
  const auto journalled = make();
  walk.goes(*journalled, State::targeting, State::promoting, [](Stage& s) { s.answer_journal(true); });
  const auto unwritable = make();
  walk.ends(*unwritable, State::targeting, Reason::journal_unwritable, [](Stage& s) { s.answer_journal(false); });
  const auto another = make();
  walk.ends(*another, State::targeting, Reason::step_failed, [](Stage& s) { s.info(b).run_id = "another"; });
  walk.stops(State::targeting, make);
}

void walk_from_promoting(Walker& walk) {
  const auto make = [] { return stage_at([](Stage& s) { s.to_promoting(); }); };
  const auto observed = make();
  walk.goes(*observed, State::promoting, State::confirming, [](Stage& s) { s.become_master(b); });
  const auto refused = make();
  walk.ends(*refused, State::promoting, Reason::step_failed, [](Stage& s) {
    s.answer_step(b, Step::promote, StepResult::failed);
    s.be_asked();
  });
  const auto late = make();
  walk.ends(*late, State::promoting, Reason::step_failed, [](Stage& s) { s.now = s.machine.deadline(); });
  const auto another = make();
  walk.ends(*another, State::promoting, Reason::step_failed, [](Stage& s) { s.info(b).run_id = "another"; });
  const auto emptied = make();
  walk.ends(*emptied, State::promoting, Reason::step_failed, [](Stage& s) { s.become_master(b), s.info(b).replid2 = "of another"; });
  const auto sent = make();
  sent->paused = true;   // the promote was sent: it is seen to its end
  CHECK_FALSE(sent->ends());
}

void walk_from_confirming(Walker& walk) {
  Stage stage;
  stage.to_confirming();
  walk.ends(stage, State::confirming, Reason::none, [](Stage& s) { s.answer_journal(true); });
}

}  // namespace

TEST_CASE("failover machine: its transitions are those of the table in its header") {
  Walker walk;
  walk_from_idle(walk);
  walk_from_barrier(walk);
  walk_from_survey(walk);
  walk_from_applying(walk);
  walk_from_targeting(walk);
  walk_from_promoting(walk);
  walk_from_confirming(walk);
  const Table header = table_in_header();
  CHECK(header.size() == 14);
  for (const auto& [way, reasons] : header) {
    CAPTURE(way);
    REQUIRE(walk.seen.contains(way));
    CHECK(walk.seen.at(way) == reasons);
  }
  CHECK(walk.seen.size() == header.size());
}
