// What the sessions and listeners of one worker share: its ready set, read buffer, table, deadlines and counters.
// Touched by the worker's thread only, except where a member says otherwise.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "health/model/time.hpp"
#include "proxy/dataplane/counters.hpp"
#include "proxy/dataplane/deadlines.hpp"
#include "proxy/dataplane/pipe_pool.hpp"
#include "proxy/dataplane/placement.hpp"
#include "proxy/dataplane/ready_set.hpp"
#include "proxy/dataplane/spare_file.hpp"
#include "proxy/dataplane/told.hpp"

namespace sengu::proxy {

class Session;

struct WorkerContext {
  WorkerContext(const config::Settings& config, const health::ConfiguredGroups& groups, SharedCounts& counts,
                std::shared_ptr<const RoutingTable> first, std::size_t most_pipes);

  /// The group's settings, as the present table has them.
  const config::GroupSettings& settings_of(health::GroupId group) const {
    return *table->groups[health::index(group)].settings;
  }

  static constexpr std::size_t buffer_size = 256 * 1024;  // smaller ones cost a stream twice the CPU (bench/README.md)

  const config::Settings& settings;  // [proxy] and [log]; what is of a group comes with the table
  SharedCounts& shared;              // atomics
  WorkerCounters counters;           // the control thread reads it
  ReadySet ready;
  SpareFile spare;  // of all listeners of the worker
  std::vector<char> buffer;
  PipePool pipes;
  std::shared_ptr<const RoutingTable> table;
  health::Time turn_began{};                     // the clock, read once a turn: its error is the length of a turn
  health::Time lease_end = health::Time::max();  // the table holds for sessions to a master until then
  Deadlines deadlines;
  std::deque<Session*> to_resume;    // stopped for fairness, or may pass bytes now; epoll will not report them
  std::deque<Session*> to_reset;     // were cut
  std::vector<Session*> to_destroy;  // were closed; after the turn, since events of it may still name them
  std::function<void(health::GroupId, health::NodeId)> connect_failed;  // posts
  std::function<void(SessionRecord)> session_ended;                     // empty where nothing is logged
};

}  // namespace sengu::proxy
