// The table of transitions in the header of the machine of a failover, read back: the machine goes each of these ways,
// and no other.
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/support/source_dir.hpp"
#include "tests/unit/core/failover_stage.hpp"

using namespace sengu;
using namespace sengu::health;
using namespace std::chrono_literals;
using test::a, test::b, test::c, test::because, test::transactions;
using State = test::MachineState;
using Stage = test::FailoverStage;

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
    seen[std::string(to_string(from)) + " idle"].insert(stopped               ? "stopped"
                                                        : why == Reason::none ? "done"
                                                                              : std::string(to_string(why)));
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
  CHECK(resumed.knowledge.record.epoch == 0);  // the epoch of the run that began it
}

void walk_from_barrier(Walker& walk) {
  const auto make = [] { return stage_at([](Stage& s) { s.to_barrier(); }); };
  const auto acknowledged = make();
  walk.goes(*acknowledged, State::barrier, State::survey,
            [](Stage& s) { s.answer_journal(true), s.acknowledged = true; });
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
  walk.ends(*heard, State::survey, Reason::witness_hears_master, told);  // their links are up
  const auto watched = make();
  walk.ends(*watched, State::survey, Reason::two_deciders,
            [&](Stage& s) { told(s), s.node(c).deciders.names = {"sentinel-1@10.0.0.9"}; });
  const auto behind = stage_at([](Stage& s) { s.to_survey(because(Reason::operator_request, b)); });
  walk.ends(*behind, State::survey, Reason::still_behind, [&](Stage& s) {
    s.info(b).offset = 50;
    s.info(b).link_up = s.info(c).link_up = false;
    told(s);
  });
  const auto receives = stage_at([](Stage& s) { s.to_survey(); }, config::Kind::mysql);
  walk.ends(*receives, State::survey, Reason::step_failed,
            [&](Stage& s) { s.now = s.machine.deadline(), s.be_asked(); });
  walk.stops(State::survey, make);
}

void walk_from_applying(Walker& walk) {
  const auto make = [] { return stage_at([](Stage& s) { s.to_applying(); }, config::Kind::mysql); };
  const auto applied = make();
  walk.goes(*applied, State::applying, State::targeting, [](Stage& s) { s.info(b).sql->executed = transactions('a'); });
  const auto accepted = make();
  walk.goes(*accepted, State::applying, State::targeting, [](Stage& s) { s.machine.accept_loss({}); });
  CHECK(accepted->machine.plan().loss == LossPolicy::accept_loss);
  const auto error = make();
  walk.ends(*error, State::applying, Reason::applier_error,
            [](Stage& s) { s.info(b).sql->apply_error = "1062 Duplicate entry"; });
  const auto stopped = make();
  walk.ends(*stopped, State::applying, Reason::applier_stopped, [](Stage& s) { s.info(b).sql->applying = false; });
  const auto another = make();
  walk.ends(*another, State::applying, Reason::step_failed, [](Stage& s) { s.info(b).run_id = "another"; });
  const auto down = make();
  walk.ends(*down, State::applying, Reason::step_failed, [](Stage& s) { s.node(b).shown.sdown = true; });
  const auto later = [&](FailoverPlan plan) {  // who has received most shows when b, by position, has applied
    return stage_at(
        [&](Stage& s) {
          s.info(b).sql->by_position = ByPosition{"11", {"bin.000001", 9}, {"bin.000001", 5}, false, false};
          s.info(b).sql->received = transactions('a', 5);
          s.info(c).sql->received = transactions('a', 6);
          s.to_applying(plan);
          s.info(b).sql->by_position->applied.bytes = 9;
        },
        config::Kind::mysql);
  };
  const auto behind = later(because(Reason::operator_request, c));
  walk.ends(*behind, State::applying, Reason::still_behind, [](Stage& s) {
    s.info(b).sql->executed = s.info(b).sql->received = transactions('a');
    s.info(c).sql->executed = transactions('a', 6);
  });
  const auto unfit = later(because(Reason::process_death));
  walk.ends(*unfit, State::applying, Reason::no_good_replica, [](Stage& s) {
    s.info(c).sql->executed = transactions('a', 6);
    s.settings.nodes[1].priority = s.settings.nodes[2].priority = 0;
  });
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
  walk.ends(*emptied, State::promoting, Reason::step_failed,
            [](Stage& s) { s.become_master(b), s.info(b).replid2 = "of another"; });
  const auto sent = make();
  sent->paused = true;  // the promote was sent: it is seen to its end
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
  for (const auto& row : header) {
    const auto& way = row.first;
    CAPTURE(way);
    REQUIRE(walk.seen.contains(way));
    CHECK(walk.seen.at(way) == row.second);
  }
  CHECK(walk.seen.size() == header.size());
}
