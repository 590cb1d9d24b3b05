#include "proxy/measurements.hpp"

#include <algorithm>
#include <charconv>

namespace sengu::proxy {

using health::EventKind;

void count(DurationHistogram& histogram, health::Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket = std::lower_bound(duration_buckets.begin(), duration_buckets.end(), seconds);
  ++histogram.counts[static_cast<std::size_t>(bucket - duration_buckets.begin())];
  histogram.sum_seconds += seconds;
}

void Measurements::probed(health::GroupId group, health::NodeId node, const health::Observation& seen) {
  GroupCounts& counts = groups_[index(group)].counts;
  count(counts.probe_duration, seen.answered - seen.asked);
  if (seen.outcome != health::Outcome::ok) ++counts.probe_failures[{node, seen.outcome}];
}

void Measurements::take_event(health::GroupId id, const health::Event& event, health::Time now) {
  Group& group = groups_[index(id)];
  const auto end = [&](const char* result) {
    if (!group.failover_began) return;
    ++group.counts.failovers[{group.failover_reason, result}];
    count(group.counts.failover_duration, now - *group.failover_began);
    group.failover_began.reset();
  };
  switch (event.kind) {
    case EventKind::try_failover:
      group.failover_began = now;
      group.failover_reason = event.reason;
      break;
    case EventKind::switch_master:
      end("done");
      break;
    case EventKind::failover_abort:
    case EventKind::failover_abort_no_ack:
    case EventKind::failover_abort_no_good_slave:
      end("aborted");
      break;
    case EventKind::lost_writes: {
      constexpr std::string_view key = "bytes=";
      const auto at = event.text.find(key);
      if (at == std::string::npos) break;
      std::uint64_t bytes = 0;
      std::from_chars(event.text.data() + at + key.size(), event.text.data() + event.text.size(), bytes);
      group.counts.lost_write_bytes += bytes;
      break;
    }
    default:
      break;
  }
}

}  // namespace sengu::proxy
