// The barrier: one acknowledgement per worker, none from within publish(), and what happens when one is missing.
#include "tests/support/loopback.hpp"

using namespace sengu;
using namespace sengu::test;

namespace {

/// Two workers without clients; the second is started only when the test says so.
struct Barriers {
  explicit Barriers(std::chrono::milliseconds limit)
      : publisher(control, workers, first, {limit, [this](std::string_view what) { missed = what; }}) {}

  std::vector<std::unique_ptr<proxy::Worker>> make() {
    std::vector<std::unique_ptr<proxy::Worker>> made;
    for (int i = 0; i < 2; ++i)
      made.push_back(std::make_unique<proxy::Worker>(control, settings, groups, shared, first, callbacks, 1));
    return made;
  }
  template <typename Predicate>
  bool until(Predicate predicate, std::chrono::milliseconds limit = patience) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!predicate() && std::chrono::steady_clock::now() < deadline) control.restart(), control.run_for(2ms);
    return predicate();
  }

  config::Settings settings = one_group("127.77.3.1", {node({"127.77.3.1", 1})});
  proxy::Callbacks callbacks;
  health::ConfiguredGroups groups = configured(settings);
  proxy::SharedCounts shared{groups, {10, 10}};
  boost::asio::io_context control{1};
  std::shared_ptr<const proxy::RoutingTable> first = proxy::first_table(groups);
  std::vector<std::unique_ptr<proxy::Worker>> workers = make();
  std::string missed;
  proxy::Publisher publisher;
};

}  // namespace

TEST_CASE("publisher: acknowledged once, after every worker, never from within publish") {
  Barriers barriers(60s);
  barriers.workers[0]->start();
  int acknowledged = 0;
  barriers.publisher.publish(Plane::group, open_route(1, 0, 1), [&] { ++acknowledged; });
  CHECK(acknowledged == 0);
  CHECK_FALSE(barriers.until([&] { return acknowledged != 0; }, 50ms));  // one worker has not answered
  barriers.workers[1]->start();
  CHECK(barriers.until([&] { return acknowledged == 1; }));
  barriers.publisher.publish(Plane::group, held_route(2, 0, 1), [&] { acknowledged += 10; });
  barriers.publisher.publish(Plane::group, open_route(2, 0, 1), [&] {
    CHECK(acknowledged == 11);  // in order
    acknowledged += 100;
  });
  CHECK(barriers.until([&] { return acknowledged == 111; }));
  CHECK(barriers.missed.empty());
}

TEST_CASE("publisher: a worker that does not answer is the end, and is named") {
  Barriers barriers(30ms);
  barriers.workers[0]->start();
  int acknowledged = 0;
  barriers.publisher.publish(Plane::group, open_route(1, 0, 1), [&] { ++acknowledged; });
  CHECK(barriers.until([&] { return !barriers.missed.empty(); }));
  CHECK(barriers.missed == "1 of 2 workers did not acknowledge the route of group g within 30 ms");
  CHECK(acknowledged == 0);
}

TEST_CASE("publisher: after retire a missing acknowledgement is no fault") {
  Barriers barriers(20ms);
  barriers.publisher.publish(Plane::group, open_route(1, 0, 1), [] {});
  barriers.publisher.retire();
  CHECK_FALSE(barriers.until([&] { return !barriers.missed.empty(); }, 60ms));
}
