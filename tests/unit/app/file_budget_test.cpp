// How descriptors are shared out: what must always work first.
#include "proxy/app/file_budget.hpp"

#include <doctest/doctest.h>

#include "tests/support/fake_operations.hpp"

using namespace sengu;
using namespace sengu::proxy;

namespace {

/// Two groups of three nodes, one with a read listener: 24 + 2 workers * 4 + 3 listeners + 6 nodes * 6.
constexpr std::size_t workers = 2;
constexpr std::size_t reserved = 71;

config::Settings settings_with(std::size_t max_connections) {
  auto settings = test::FakeOperations().all_settings;
  settings.proxy.max_connections = max_connections;
  return settings;
}

std::size_t taken(const FileBudget& budget, std::size_t of_workers = workers) {
  return 2 * budget.plane.clients.sessions + 2 * budget.plane.pipes_per_worker * of_workers +
         budget.plane.clients.refused + budget.admin_clients + budget.http_clients;
}

}  // namespace

TEST_CASE("file budget: whatever the limit and the settings say, the reserve is left") {
  for (const std::size_t limit :
       {reserved + 24, std::size_t{100}, std::size_t{400}, std::size_t{1024}, std::size_t{20'000}}) {
    for (const std::size_t wanted : {0, 1, 50, 10'000'000}) {
      CAPTURE(limit);
      CAPTURE(wanted);
      const auto budget = share_out(limit, settings_with(wanted), workers);
      CHECK(taken(budget) + reserved <= limit);
      CHECK(budget.plane.clients.sessions >= 1);
      CHECK(budget.plane.clients.refused >= 3);
      CHECK(budget.admin_clients >= 3);
      CHECK(budget.http_clients >= 3);
      if (wanted == 0) CHECK(taken(budget) + reserved >= limit - 1);
    }
  }
}

TEST_CASE("file budget: nobody gets more than there is use for, and sessions the rest") {
  const auto budget = share_out(1'000'000, settings_with(0), workers);
  CHECK(budget.plane.clients.refused == 512);
  CHECK(budget.plane.pipes_per_worker == 64);
  CHECK(budget.admin_clients == 128);
  CHECK(budget.http_clients == 256);
  CHECK(budget.plane.clients.sessions == (1'000'000 - reserved - 512 - 2 * 2 * 64 - 128 - 256) / 2);
  CHECK(share_out(1'000'000, settings_with(5000), workers).plane.clients.sessions == 5000);
}

TEST_CASE("file budget: a limit that is too low says which one is needed") {
  CHECK_THROWS_WITH(share_out(reserved + 23, settings_with(0), workers),
                    "a limit of 94 open files is too low for this configuration: it needs 95 (ulimit -n, LimitNOFILE)");
}

namespace {

config::Settings many(std::size_t groups, config::Kind kind) {
  config::Settings settings;
  for (std::size_t i = 0; i < groups; ++i) settings.groups.push_back(test::a_group("g" + std::to_string(i)));
  for (auto& group : settings.groups) group.kind = kind;
  return settings;
}

}  // namespace

TEST_CASE("file budget: with thousands of nodes what is done beside the kept connections takes turns") {
  // 24 + 4, 3,000 listeners, 9,000 kept connections; half of what is left.
  const auto budget = share_out(20'000, many(3000, config::Kind::redis), 1);
  CHECK(budget.places == (20'000 - 12'028) / 2);
  CHECK(budget.patient_places == 64);
  CHECK(taken(budget, 1) + budget.places + 12'028 <= 20'000);
  CHECK(budget.plane.clients.sessions > 1000);
  // ... and where there is room for all of it at once, nobody waits.
  CHECK(share_out(1'000'000, many(3000, config::Kind::redis), 1).places == 45'000);
}

TEST_CASE("file budget: at least 200 groups may fail over at once") {
  const std::size_t least = 12'028 + 3000 + 24;
  CHECK(share_out(least, many(3000, config::Kind::redis), 1).places == 3000);
  CHECK_THROWS_WITH(
      share_out(least - 1, many(3000, config::Kind::redis), 1),
      "a limit of 15051 open files is too low for this configuration: it needs 15052 (ulimit -n, LimitNOFILE)");
  CHECK(share_out(least, many(100, config::Kind::redis), 1).places == 1500);
}

TEST_CASE("file budget: what is done beside the kept connections of MySQL nodes takes no turns") {
  CHECK_NOTHROW(share_out(28 + 100 + 6 * 300 + 24, many(100, config::Kind::mysql), 1));
  CHECK_THROWS(share_out(28 + 100 + 6 * 300 + 23, many(100, config::Kind::mysql), 1));
}
