// Every sequence of up to six events over an alphabet of about a dozen, on one group of three, with the invariants of
// design §2 checked after every event. Worlds are branched, so that a common beginning is played once. Sequences
// that repeat a fault which changes nothing (killing a dead server) are left out.
#include <chrono>
#include <cstdlib>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/model_world.hpp"

namespace {

using namespace sengu;
using namespace sengu::test;
using namespace std::chrono_literals;

constexpr int a = 0, b = 1, c = 2;

struct Letter {
  const char* name;
  bool (*applies)(const World&);
  void (*play)(World&);
};

bool usable(const ModelNode& node) { return node.running && !node.frozen; }

const std::vector<Letter> alphabet{
    {"kill a", [](const World& w) { return w.nodes[a].running; }, [](World& w) { w.kill(a); }},
    {"restart a empty", [](const World& w) { return !w.nodes[a].running; }, [](World& w) { w.restart(a, Memory::lost); }},
    {"restart a kept", [](const World& w) { return !w.nodes[a].running; }, [](World& w) { w.restart(a, Memory::kept); }},
    {"freeze a", [](const World& w) { return usable(w.nodes[a]); }, [](World& w) { w.freeze(a); }},
    {"thaw a", [](const World& w) { return w.nodes[a].frozen; }, [](World& w) { w.thaw(a); }},
    {"cut path to a", [](const World& w) { return w.nodes[a].reachable; }, [](World& w) { w.cut_path(a); }},
    {"heal path to a", [](const World& w) { return !w.nodes[a].reachable; }, [](World& w) { w.heal_path(a); }},
    {"kill b", [](const World& w) { return w.nodes[b].running; }, [](World& w) { w.kill(b); }},
    {"restart b kept", [](const World& w) { return !w.nodes[b].running; }, [](World& w) { w.restart(b, Memory::kept); }},
    {"c master by hand", [](const World& w) { return w.nodes[c].role == health::Role::replica; },
     [](World& w) { w.make_master_by_hand(c); }},
    {"sengu restarts", [](const World&) { return true; }, [](World& w) { w.restart_sengu(); }},
    {"12 ms pass", [](const World&) { return true; }, [](World& w) { w.run(12ms); }},
    {"2 s pass", [](const World&) { return true; }, [](World& w) { w.run(2s); }},
};

struct Search {
  int depth;
  long played = 0;
  std::vector<const char*> path{};
  std::vector<std::string> failures{};

  void fail(const World& world) {
    std::string text;
    for (const char* name : path) text += std::string(name) + "; ";
    failures.push_back(text + "=> " + world.violations.front());
  }

  void visit(const World& world) {
    if (static_cast<int>(path.size()) == depth) return;
    for (const Letter& letter : alphabet) {
      if (!letter.applies(world) || failures.size() > 5) continue;
      World next = world;
      path.push_back(letter.name);
      letter.play(next);
      ++played;
      if (!next.violations.empty()) {
        fail(next);
      } else {
        visit(next);
      }
      path.pop_back();
    }
  }
};

int depth() {
  const char* wanted = std::getenv("SENGU_EXHAUSTIVE_DEPTH");
  return wanted ? std::atoi(wanted) : 6;
}

World settled(const config::GroupSettings& settings) {
  World world(settings);
  world.start();
  world.run(1s);
  world.write(a, 5);
  (void)world.take_log();
  return world;
}

}  // namespace

TEST_CASE("every sequence of up to six events keeps the invariants") {
  const auto settings = three_nodes();
  Search search{depth()};
  search.visit(settled(settings));
  MESSAGE(search.played << " events played");
  for (const auto& failure : search.failures) FAIL_CHECK(failure);
  CHECK(search.played > 100);
}

TEST_CASE("after the faults end, a group with a live copy is routed again") {
  const auto settings = three_nodes();
  struct Heal : Search {
    void visit_all(const World& world) {
      World healed = world;
      for (int i = 0; i < 3; ++i) {
        healed.heal_path(i);
        healed.thaw(i);
        if (!healed.nodes[static_cast<std::size_t>(i)].running) healed.restart(i, Memory::kept);
      }
      healed.run(40s);
      if (healed.violations.empty() && healed.master() < 0) {
        const auto reason = healed.status().reason;
        // Two masters, or a history that is not ours: the operator decides.
        const bool operators = reason == health::Reason::two_masters || reason == health::Reason::master_is_replica;
        if (!operators) healed.violations.push_back("not routed: " + std::string(to_string(reason)));
      }
      if (!healed.violations.empty()) fail(healed);
      if (static_cast<int>(path.size()) == depth) return;
      for (const Letter& letter : alphabet) {
        if (!letter.applies(world) || failures.size() > 5) continue;
        World next = world;
        path.push_back(letter.name);
        letter.play(next);
        ++played;
        visit_all(next);
        path.pop_back();
      }
    }
  };
  Heal heal{{3}};
  heal.visit_all(settled(settings));
  for (const auto& failure : heal.failures) FAIL_CHECK(failure);
}
