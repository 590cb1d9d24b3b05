// A MySqlNode for tests, driven by hand: asks and waits for the answer. Every wait has a deadline.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "health/mysql/node.hpp"
#include "tests/support/fake_server.hpp"

namespace sengu::test {

/// Of a probe that is not to run out of time: under sanitizers, beside other tests.
constexpr Milliseconds plenty{5000};

/// As tests/support/sql-servers makes the accounts.
inline health::mysql::NodeOptions sql_options(const Endpoint& address, Milliseconds timeout = plenty) {
  health::mysql::NodeOptions options;
  options.login = {address, "monitor", {"monitor"}, {}};
  options.probe_timeout = timeout;
  options.replication_username = "repl";
  options.replication_password = {"repl"};
  return options;
}

inline double milliseconds_since(health::Time begin) {
  return std::chrono::duration<double, std::milli>(health::Time::clock::now() - begin).count();
}

struct SqlNode {
  using Result = std::pair<health::StepResult, std::string>;
  static constexpr std::chrono::seconds patience{20};  // sanitizers on a busy machine

  SqlNode(boost::asio::io_context& context, health::mysql::NodeOptions options)
      : io(context), node(context, std::move(options),
                          {[this](const health::Observation& o) { seen.push_back(o); }, [this] { ++lost; }}) {}
  SqlNode(boost::asio::io_context& context, const Endpoint& address, Milliseconds timeout = plenty)
      : SqlNode(context, sql_options(address, timeout)) {}

  health::Observation probe(health::ProbeVia via = health::ProbeVia::kept_connection) {
    seen.clear();
    node.probe(via);
    REQUIRE(run_until(
        io, [&] { return !seen.empty(); }, patience));
    return seen.front();
  }
  /// Where it must have told all of itself.
  health::ServerInfo info() {
    const auto o = probe();
    REQUIRE_MESSAGE(o.info, o.text);
    return *o.info;
  }
  template <typename Condition>
  bool eventually(Condition condition) {
    return run_until(
        io,
        [&] {
          const auto o = probe();
          return o.info && condition(*o.info);
        },
        patience);
  }
  Result run(health::Step step, const Endpoint& master = {}, Milliseconds timeout = std::chrono::milliseconds(10000),
             health::LossPolicy loss = health::LossPolicy::keep_writes) {
    std::optional<Result> result;
    health::RunStep order{health::NodeId{0}, step, master, timeout, {}, loss};
    node.run(order, [&](health::StepResult r, std::string text) { result.emplace(r, std::move(text)); });
    REQUIRE_FALSE(result);
    REQUIRE(run_until(
        io, [&] { return result.has_value(); }, patience));
    return *result;
  }
  std::pair<std::optional<std::vector<std::string>>, std::string> deciders(Milliseconds timeout = plenty) {
    std::optional<std::pair<std::optional<std::vector<std::string>>, std::string>> told;
    node.ask_deciders(timeout, health::Lane::patient, [&](health::DecidersAnswer answer) {
      told.emplace(std::move(answer.names), std::move(answer.text));
    });
    REQUIRE(run_until(
        io, [&] { return told.has_value(); }, patience));
    return *told;
  }

  boost::asio::io_context& io;
  std::vector<health::Observation> seen;
  int lost = 0;
  health::mysql::MySqlNode node;
};

}  // namespace sengu::test
