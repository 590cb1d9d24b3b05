// The metrics text: its names, its values, and that it parses.
#include "proxy/view/metrics.hpp"

#include <map>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/support/fake_operations.hpp"

using namespace sengu;
using namespace sengu::proxy;

namespace {

/// "name{labels}" -> value; fails on a line that is none.
std::map<std::string, double> parse(const std::string& text, std::set<std::string>& types) {
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) types.insert(line.substr(7, line.find(' ', 7) - 7));
    if (line.starts_with("#")) continue;
    const auto blank = line.rfind(' ');
    REQUIRE(blank != std::string::npos);
    CAPTURE(line);
    CHECK(samples.emplace(line.substr(0, blank), std::stod(line.substr(blank + 1))).second);
  }
  return samples;
}

}  // namespace

TEST_CASE("metrics: values") {
  test::FakeOperations operations;
  std::set<std::string> types;
  ProcessFacts process;
  process.max_fds = 1024;
  const auto samples = parse(metrics_text(operations.snapshot(), process), types);
  const auto value = [&](const std::string& name) {
    CAPTURE(name);
    REQUIRE(samples.count(name) == 1);
    return samples.at(name);
  };
  CHECK(value("sengu_group_master_up{group=\"sessions\"}") == 1);
  CHECK(value("sengu_group_master_up{group=\"carts\"}") == 0);
  CHECK(value("sengu_group_candidate{group=\"sessions\"}") == 1);
  CHECK(value("sengu_group_route{group=\"carts\",state=\"closed\"}") == 1);
  CHECK(value("sengu_group_route{group=\"carts\",state=\"open\"}") == 0);
  CHECK(value("sengu_group_last_switch_timestamp_seconds{group=\"sessions\"}") == doctest::Approx(1'699'999'688.123));
  CHECK(value("sengu_node_role{group=\"sessions\",node=\"redis01\",role=\"master\"}") == 1);
  CHECK(value("sengu_node_lag_bytes{group=\"sessions\",node=\"redis03\"}") == 4096);
  CHECK(samples.count("sengu_node_lag_bytes{group=\"sessions\",node=\"redis01\"}") == 0);
  CHECK(value("sengu_probe_failures_total{group=\"sessions\",node=\"redis03\",outcome=\"l4_refused\"}") == 8);
  CHECK(value("sengu_sessions{group=\"sessions\",node=\"redis01\"}") == 12);
  CHECK(value("sengu_sessions_cut_total{group=\"sessions\",reason=\"switched\"}") == 9);
  CHECK(value("sengu_bytes_total{group=\"sessions\",direction=\"client_to_server\"}") == 1000);
  CHECK(value("sengu_failovers_total{group=\"sessions\",reason=\"process_death\",result=\"done\"}") == 1);
  CHECK(value("sengu_connect_duration_seconds_bucket{group=\"sessions\",le=\"0.001\"}") == 3);
  CHECK(value("sengu_connect_duration_seconds_bucket{group=\"sessions\",le=\"+Inf\"}") == 7);
  CHECK(value("sengu_connect_duration_seconds_count{group=\"sessions\"}") == 7);
  CHECK(value("sengu_connect_duration_seconds_sum{group=\"sessions\"}") == doctest::Approx(40.5));
  CHECK(value("sengu_accept_errors_total{reason=\"EMFILE\"}") == 2);
  CHECK(value("sengu_log_dropped_total") == 3);
  CHECK(value("sengu_build_info{version=\"" SENGU_VERSION "\"}") == 1);
  CHECK(value("process_max_fds") == 1024);
  for (const auto& name : types) CHECK((name.starts_with("sengu_") || name.starts_with("process_")));
}

TEST_CASE("metrics: the time of the last switch does not move with the clock, nor from scrape to scrape") {
  test::FakeOperations operations;
  auto snapshot = operations.snapshot();
  std::set<std::string> types;
  const auto scraped = [&] {
    return parse(metrics_text(snapshot, {}), types).at("sengu_group_last_switch_timestamp_seconds{group=\"sessions\"}");
  };
  const double first = scraped();
  snapshot.wall -= std::chrono::hours(1);
  snapshot.now += std::chrono::microseconds(1234);
  CHECK(scraped() == first);
}

TEST_CASE("metrics: the process is read from /proc") {
  const auto facts = process_facts();
  CHECK(facts.start_time_seconds > 1.6e9);
  CHECK(facts.resident_bytes > 0);
  CHECK(facts.open_fds > 0);
  CHECK(facts.max_fds > 0);
  CHECK(facts.threads >= 1);
}
