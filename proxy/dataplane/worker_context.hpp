// What the sessions and listeners of one worker share: its ready set, read buffer, table, deadlines and counters.
// Touched by the worker's thread only, except where a member says otherwise.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "health/model/time.hpp"
#include "proxy/dataplane/counters.hpp"
#include "proxy/dataplane/pipe_pool.hpp"
#include "proxy/dataplane/placement.hpp"
#include "proxy/dataplane/ready_set.hpp"
#include "proxy/dataplane/session_end.hpp"

namespace sengu::proxy {

class Session;

/// Sessions by the instant at which they want to be woken. One Asio timer of the worker serves all of them.
class Deadlines {
 public:
  void set(Session& session, health::Time& slot, health::Time at) {
    clear(session, slot);
    slot = at;
    entries_.emplace(at, &session);
  }
  void clear(Session& session, health::Time& slot) {
    if (slot != none) entries_.erase({slot, &session});
    slot = none;
  }
  /// The earliest, or `none`.
  health::Time next() const { return entries_.empty() ? none : entries_.begin()->first; }
  Session& front() const { return *entries_.begin()->second; }

  static constexpr health::Time none = health::Time::max();

 private:
  std::set<std::pair<health::Time, Session*>> entries_;
};

/// A descriptor that is held for nothing but to be given up when there is no other one.
class SpareFile {
 public:
  SpareFile() { take(); }
  /// False: there is none to be had.
  bool take();
  void give_up() { file_.close(); }

 private:
  Fd file_;
};

/// One line of the session log. Made on the worker, read on the control thread.
struct SessionRecord {
  Endpoint client;
  health::GroupId group{};
  std::optional<health::NodeId> node;      // where it was connected (or was about to be)
  std::uint64_t bytes_from_client = 0;
  std::uint64_t bytes_from_server = 0;
  std::chrono::nanoseconds duration{0};    // since accept
  SessionEnd end = SessionEnd::finished;
  health::Reason reason = health::Reason::none;
};

/// What the data plane tells the control thread. Each is called there, never on a worker.
struct Callbacks {
  /// A connect to a node failed (refused, reset, timed out): probe it now. At most once per 10 ms, worker and node.
  std::function<void(health::GroupId, health::NodeId)> connect_failed;
  /// Only for the sessions that [log] sessions asks for.
  std::function<void(const SessionRecord&)> session_ended;
};

struct WorkerContext {
  WorkerContext(const config::Settings& config, SharedCounts& counts, std::shared_ptr<const RoutingTable> first,
                std::size_t most_pipes);

  static constexpr std::size_t buffer_size = 256 * 1024;  // performance.md §3.2

  const config::Settings& settings;
  SharedCounts& shared;                       // atomics
  WorkerCounters counters;                    // the control thread reads it
  ReadySet ready;
  SpareFile spare;                            // of all listeners of the worker
  std::vector<char> buffer;
  PipePool pipes;
  std::shared_ptr<const RoutingTable> table;
  health::Time turn_began{};                  // read once a turn: near enough for what lasts seconds
  health::Time route_until = health::Time::max();   // the table holds for sessions to a master until then
  Deadlines deadlines;
  std::deque<Session*> again;                 // stopped for fairness, invisible to epoll
  std::deque<Session*> cut;                   // to be reset
  std::vector<Session*> closed;               // to be destroyed after the turn
  std::function<void(health::GroupId, health::NodeId)> connect_failed;  // posts
  std::function<void(SessionRecord)> session_ended;                     // empty where nothing is logged
};

}  // namespace sengu::proxy
