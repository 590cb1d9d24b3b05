// How descriptors are shared out: what must always work first.
#include "proxy/file_budget.hpp"

#include <doctest/doctest.h>

#include "tests/support/fake_operations.hpp"

using namespace sengu;
using namespace sengu::proxy;

namespace {

/// Two groups of three nodes, one with a read listener: 24 + 2 workers * 5 + 3 listeners * 2 + 6 nodes * 6.
constexpr std::size_t workers = 2;
constexpr std::size_t reserved = 76;

config::Settings settings_with(std::size_t max_connections) {
  auto settings = test::FakeOperations().all_settings;
  settings.proxy.max_connections = max_connections;
  return settings;
}

std::size_t taken(const FileBudget& budget) {
  return 2 * budget.clients.sessions + budget.clients.refused + budget.admin_clients + budget.http_clients;
}

}  // namespace

TEST_CASE("file budget: whatever the limit and the settings say, the reserve is left") {
  for (const std::size_t limit : {reserved + 24, std::size_t{100}, std::size_t{400}, std::size_t{1024}, std::size_t{20'000}}) {
    for (const std::size_t wanted : {0, 1, 50, 10'000'000}) {
      CAPTURE(limit);
      CAPTURE(wanted);
      const auto budget = share_out(limit, settings_with(wanted), workers);
      CHECK(taken(budget) + reserved <= limit);
      CHECK(budget.clients.sessions >= 1);
      CHECK(budget.clients.refused >= 3);
      CHECK(budget.admin_clients >= 3);
      CHECK(budget.http_clients >= 3);
      if (wanted == 0) CHECK(taken(budget) + reserved >= limit - 1);
    }
  }
}

TEST_CASE("file budget: nobody gets more than there is use for, and sessions the rest") {
  const auto budget = share_out(1'000'000, settings_with(0), workers);
  CHECK(budget.clients.refused == 512);
  CHECK(budget.admin_clients == 128);
  CHECK(budget.http_clients == 256);
  CHECK(budget.clients.sessions == (1'000'000 - reserved - 512 - 128 - 256) / 2);
  CHECK(share_out(1'000'000, settings_with(5000), workers).clients.sessions == 5000);
}

TEST_CASE("file budget: a limit that is too low says which one is needed") {
  CHECK_THROWS_WITH(share_out(reserved + 23, settings_with(0), workers),
                    "a limit of 99 open files is too low for this configuration: it needs 100 (ulimit -n, LimitNOFILE)");
}
