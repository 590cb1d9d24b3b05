// Every sequence of up to six events over an alphabet of about a dozen, on one group of three, with the invariants of
// ARCHITECTURE.md checked after every event. Worlds are branched, so that a common beginning is played once. Sequences
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

using Alphabet = std::vector<Letter>;

/// What happens to servers and paths.
const Alphabet faults{
    {"kill a", [](const World& w) { return w.nodes[a].running; }, [](World& w) { w.kill(a); }},
    {"restart a empty", [](const World& w) { return !w.nodes[a].running; },
     [](World& w) { w.restart(a, Memory::lost); }},
    {"restart a kept", [](const World& w) { return !w.nodes[a].running; },
     [](World& w) { w.restart(a, Memory::kept); }},
    {"freeze a", [](const World& w) { return usable(w.nodes[a]); }, [](World& w) { w.freeze(a); }},
    {"thaw a", [](const World& w) { return w.nodes[a].frozen; }, [](World& w) { w.thaw(a); }},
    {"cut path to a", [](const World& w) { return w.nodes[a].reachable; }, [](World& w) { w.cut_path(a); }},
    {"heal path to a", [](const World& w) { return !w.nodes[a].reachable; }, [](World& w) { w.heal_path(a); }},
    {"kill b", [](const World& w) { return w.nodes[b].running; }, [](World& w) { w.kill(b); }},
    {"restart b kept", [](const World& w) { return !w.nodes[b].running; },
     [](World& w) { w.restart(b, Memory::kept); }},
    {"c master by hand", [](const World& w) { return w.nodes[c].role == health::Role::replica; },
     [](World& w) { w.make_master_by_hand(c); }},
    {"sengu restarts", [](const World&) { return true; }, [](World& w) { w.restart_sengu(); }},
    {"12 ms pass", [](const World&) { return true; }, [](World& w) { w.run(12ms); }},
    {"2 s pass", [](const World&) { return true; }, [](World& w) { w.run(2s); }},
};

/// What happens to data, to sengu's own clock, and by the operator's hand. "b falls behind": its link to the master is
/// gone for good until sengu or a restart gives it another.
const Alphabet data_and_orders{
    {"a takes a write", [](const World& w) { return usable(w.nodes[a]) && w.nodes[a].role == health::Role::master; },
     [](World& w) { w.write(a, 1); }},
    {"b falls behind", [](const World& w) { return w.nodes[b].link_up; }, [](World& w) { w.deafen(b); }},
    {"kill a", [](const World& w) { return w.nodes[a].running; }, [](World& w) { w.kill(a); }},
    {"restart a empty", [](const World& w) { return !w.nodes[a].running; },
     [](World& w) { w.restart(a, Memory::lost); }},
    {"freeze a", [](const World& w) { return usable(w.nodes[a]); }, [](World& w) { w.freeze(a); }},
    {"thaw a", [](const World& w) { return w.nodes[a].frozen; }, [](World& w) { w.thaw(a); }},
    {"kill c", [](const World& w) { return w.nodes[c].running; }, [](World& w) { w.kill(c); }},
    {"pause", [](const World& w) { return !w.status().paused; }, [](World& w) { w.input(order(health::PauseWish{})); }},
    {"resume", [](const World& w) { return w.status().paused; },
     [](World& w) { w.input(order(health::ResumeWish{})); }},
    {"sengu stalls", [](const World&) { return true; }, [](World& w) { w.stall_sengu(3s); }},
    {"12 ms pass", [](const World&) { return true; }, [](World& w) { w.run(12ms); }},
    {"2 s pass", [](const World&) { return true; }, [](World& w) { w.run(2s); }},
};

bool follows_nothing(const ModelNode& node) { return node.follows < 0; }

/// MySQL: a person's read_only on the master, and what may befall it meanwhile.
const Alphabet read_only{
    {"a read-only by hand", [](const World& w) { return usable(w.nodes[a]) && w.nodes[a].sql.writable; },
     [](World& w) { w.close_by_hand(a); }},
    {"taken back", [](const World& w) { return usable(w.nodes[a]) && w.nodes[a].sql.closed_by_hand; },
     [](World& w) { w.open_by_hand(a); }},
    {"kill a", [](const World& w) { return w.nodes[a].running; }, [](World& w) { w.kill(a); }},
    {"restart a", [](const World& w) { return !w.nodes[a].running; }, [](World& w) { w.restart(a, Memory::kept); }},
    {"freeze a", [](const World& w) { return usable(w.nodes[a]); }, [](World& w) { w.freeze(a); }},
    {"thaw a", [](const World& w) { return w.nodes[a].frozen; }, [](World& w) { w.thaw(a); }},
    {"c master by hand", [](const World& w) { return !follows_nothing(w.nodes[c]); },
     [](World& w) { w.make_master_by_hand(c); }},
    {"b follows c by hand", [](const World& w) { return follows_nothing(w.nodes[c]) && !follows_nothing(w.nodes[b]); },
     [](World& w) { w.follow_by_hand(b, c); }},
    {"sengu restarts", [](const World&) { return true; }, [](World& w) { w.restart_sengu(); }},
    {"12 ms pass", [](const World&) { return true; }, [](World& w) { w.run(12ms); }},
    {"3 s pass", [](const World&) { return true; }, [](World& w) { w.run(3s); }},
};

struct Search {
  Search(const Alphabet& letters, int length) : alphabet(letters), depth(length) {}

  const Alphabet& alphabet;
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
      if (goes_on(next)) visit(next);
      path.pop_back();
    }
  }

  /// Looks at where the path has led; false: no further.
  virtual bool goes_on(const World& world) {
    if (!world.violations.empty()) fail(world);
    return world.violations.empty();
  }
  virtual ~Search() = default;
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

namespace {

void search_all(const Alphabet& alphabet, config::Mode mode) {
  auto settings = group_of(3);
  settings.failover.mode = mode;
  Search search(alphabet, depth());
  search.visit(settled(settings));
  MESSAGE(search.played << " events played");
  for (const auto& failure : search.failures) FAIL_CHECK(failure);
  CHECK(search.played > 100);
}

}  // namespace

TEST_CASE("every sequence of up to six faults keeps the invariants") { search_all(faults, config::Mode::automatic); }

TEST_CASE("every sequence of up to six faults, writes and orders keeps the invariants") {
  search_all(data_and_orders, config::Mode::automatic);
}

TEST_CASE("every sequence of up to six faults, writes and orders changes nothing in observe mode") {
  search_all(data_and_orders, config::Mode::observe);
}

TEST_CASE("every sequence of up to five events around a person's read_only keeps the invariants") {
  auto settings = group_of(3);
  settings.kind = config::Kind::mysql;
  Search search(read_only, depth() - 1);
  search.visit(settled(settings));
  MESSAGE(search.played << " events played");
  for (const auto& failure : search.failures) FAIL_CHECK(failure);
  CHECK(search.played > 100);
}

TEST_CASE("after the faults end, a group with a live copy is routed again") {
  const auto settings = group_of(3);
  struct Heal : Search {
    using Search::Search;
    bool goes_on(const World& world) override {
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
      return true;
    }
  };
  Heal heal(faults, 3);
  const World start = settled(settings);
  if (heal.goes_on(start)) heal.visit(start);
  for (const auto& failure : heal.failures) FAIL_CHECK(failure);
}
