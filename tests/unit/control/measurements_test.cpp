// What the control side counts, from the events as a group sends them.
#include "proxy/events/measurements.hpp"

#include <numeric>

#include <doctest/doctest.h>

using namespace sengu;
using namespace sengu::proxy;
using namespace std::chrono_literals;
using health::EventKind;
using health::Reason;

namespace {

constexpr health::GroupId first{0};
constexpr health::GroupId second{1};

/// Two groups, fed by hand.
struct Counted {
  Measurements measurements{2};
  health::Time now{1000s};
  WallTime wall{1'700'000'000s};

  void happen(EventKind kind, Reason reason, health::LostWrites lost = {}) {
    measurements.take_event(first, {kind, std::nullopt, 7, reason, {}, lost}, now, wall);
  }
  void pass(std::chrono::milliseconds time) { now += time, wall += time; }
  const GroupCounts& counts() const { return measurements.of(first); }
  std::uint64_t failovers(Reason reason, const std::string& result) const {
    const auto found = counts().failovers.find({reason, result});
    return found == counts().failovers.end() ? 0 : found->second;
  }
  std::uint64_t failovers() const {
    std::uint64_t sum = 0;
    for (const auto& [key, count] : counts().failovers) sum += count;
    return sum;
  }
  std::uint64_t durations() const {
    const auto& buckets = counts().failover_duration.counts;
    return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
  }
};

}  // namespace

TEST_CASE("measurements: a failover from its decision to the new master") {
  Counted counted;
  counted.happen(EventKind::odown, Reason::process_death);
  counted.happen(EventKind::try_failover, Reason::process_death);
  counted.pass(30ms);
  counted.happen(EventKind::promoted_slave, Reason::process_death);
  counted.happen(EventKind::switch_master, Reason::process_death);
  counted.pass(5s);
  counted.happen(EventKind::failover_end, Reason::process_death);
  CHECK(counted.failovers(Reason::process_death, "done") == 1);
  CHECK(counted.failovers() == 1);
  CHECK(counted.durations() == 1);
  CHECK(counted.counts().failover_duration.sum_seconds == doctest::Approx(0.030));
  CHECK(counted.measurements.of(second).failovers.empty());
}

TEST_CASE("measurements: an aborted failover is counted, and has no duration") {
  Counted counted;
  for (const auto kind :
       {EventKind::failover_abort, EventKind::failover_abort_no_ack, EventKind::failover_abort_no_good_slave}) {
    counted.happen(EventKind::try_failover, Reason::silence);
    counted.pass(2s);
    counted.happen(kind, Reason::step_failed);
  }
  CHECK(counted.failovers(Reason::silence, "aborted") == 3);
  CHECK(counted.failovers() == 3);
  CHECK(counted.durations() == 0);
}

TEST_CASE("measurements: a failover that an earlier run began is counted when it is resumed") {
  Counted counted;
  counted.happen(EventKind::promoted_slave, Reason::resumed);
  counted.happen(EventKind::switch_master, Reason::resumed);
  CHECK(counted.failovers(Reason::resumed, "done") == 1);
  CHECK(counted.failovers() == 1);
  CHECK(counted.durations() == 0);  // nobody here knows when it began
}

TEST_CASE("measurements: an operator's failover is counted where no master was known") {
  Counted counted;
  counted.happen(EventKind::promoted_slave, Reason::operator_request);  // no +try-failover, no +switch-master
  CHECK(counted.failovers(Reason::operator_request, "done") == 1);
  counted.happen(EventKind::failover_abort, Reason::step_failed);
  CHECK(counted.failovers(Reason::operator_request, "aborted") == 1);
  CHECK(counted.durations() == 0);
}

TEST_CASE("measurements: what others did is a switch and no failover") {
  Counted counted;
  counted.happen(EventKind::adopted, Reason::adopted);
  counted.happen(EventKind::switch_master, Reason::adopted);
  CHECK(counted.failovers() == 0);
  CHECK(counted.counts().last_switch == counted.wall);
}

TEST_CASE("measurements: a switch keeps the wall time of its moment") {
  Counted counted;
  CHECK_FALSE(counted.counts().last_switch);
  const auto then = counted.wall;
  counted.happen(EventKind::switch_master, Reason::silence);
  counted.pass(90s);
  counted.wall -= 1h;
  counted.happen(EventKind::sdown, Reason::none);
  CHECK(counted.counts().last_switch == then);
}

TEST_CASE("measurements: what was lost adds up, bytes and transactions apart") {
  Counted counted;
  counted.happen(EventKind::lost_writes, Reason::switched, {120, 0});
  counted.happen(EventKind::lost_writes, Reason::switched, {3, 0});
  counted.happen(EventKind::lost_writes, Reason::switched, {0, 4});
  counted.happen(EventKind::sdown, Reason::none, {1000, 1000});  // means nothing there
  CHECK(counted.counts().lost_write_bytes == 123);
  CHECK(counted.counts().lost_write_transactions == 4);
}

TEST_CASE("measurements: probes and late timers") {
  Counted counted;
  health::Observation seen;
  seen.asked = counted.now;
  seen.answered = counted.now + 3ms;
  seen.outcome = health::Outcome::ok;
  counted.measurements.probed(first, health::NodeId{1}, seen);
  seen.outcome = health::Outcome::l4_refused;
  counted.measurements.probed(first, health::NodeId{1}, seen);
  counted.measurements.timer_late(10s);
  CHECK(counted.counts().probe_duration.counts[3] == 2);  // up to 5 ms
  CHECK(counted.counts().probe_failures.size() == 1);
  CHECK(counted.counts().probe_failures.at({health::NodeId{1}, health::Outcome::l4_refused}) == 1);
  CHECK(counted.measurements.control_loop_delay().counts.back() == 1);
  CHECK(counted.measurements.control_loop_delay().sum_seconds == doctest::Approx(10));
}
