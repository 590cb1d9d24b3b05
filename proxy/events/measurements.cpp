#include "proxy/events/measurements.hpp"

#include <algorithm>

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

void Measurements::take_event(health::GroupId id, const health::Event& event, health::Time now, WallTime wall) {
  Group& group = groups_[index(id)];
  switch (event.kind) {
    case EventKind::try_failover: group.failover = Failover{now, event.reason}; break;
    case EventKind::promoted_slave: failover_done(group, event.reason, now); break;
    case EventKind::failover_abort:
    case EventKind::failover_abort_no_ack:
    case EventKind::failover_abort_no_good_slave: failover_aborted(group); break;
    case EventKind::switch_master: group.counts.last_switch = wall; break;
    case EventKind::lost_writes:
      group.counts.lost_write_bytes += event.lost.bytes;
      group.counts.lost_write_transactions += event.lost.transactions;
      break;
    default: break;
  }
}

/// A failover can be completed without a +try-failover before: an earlier run of sengu made the decision, or there was
/// no master to name in +try-failover.
void Measurements::failover_done(Group& group, health::Reason cause, health::Time now) {
  ++group.counts.failovers[{cause, "done"}];
  if (group.failover) count(group.counts.failover_duration, now - group.failover->began);
  group.failover.reset();
}

/// An abort event says why the failover ended, not why it began. An abort without a +try-failover before ends a
/// failover of the operator: no other failover begins where no master is known, and a failover that an earlier run
/// began is not aborted once it is resumed.
void Measurements::failover_aborted(Group& group) {
  const auto cause = group.failover ? group.failover->cause : health::Reason::operator_request;
  ++group.counts.failovers[{cause, "aborted"}];
  group.failover.reset();
}

}  // namespace sengu::proxy
