// What one worker counts, and what all workers share. WorkerCounters has a single writer, its worker; the control
// thread reads it without a lock. SharedCounts is written by every worker, but only once per connection, never per
// byte.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "health/model/observation.hpp"
#include "health/model/ports.hpp"
#include "proxy/dataplane/cache_line.hpp"
#include "proxy/dataplane/traffic.hpp"

namespace sengu::proxy {

/// A number with one writer and any number of readers. Never an atomic read-modify-write.
class Counter {
 public:
  void add(std::uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// The numbers of one group on one worker. No other worker writes to their cache lines: otherwise each message would
/// have to fetch such a line anew.
class alignas(cache_line) GroupCounters {
 public:
  explicit GroupCounters(std::size_t nodes) : sessions_total(nodes) {}

  std::vector<Counter> sessions_total;                // by NodeId
  std::array<Counter, health::reason_count> cut;      // by Reason
  std::array<Counter, health::reason_count> refused;  // by Reason
  Counter bytes_client_to_server;
  Counter bytes_server_to_client;

  void connected_after(std::chrono::nanoseconds duration);
  void add_to(GroupTraffic& traffic) const;

 private:
  std::array<Counter, duration_buckets.size() + 1> connect_buckets_;
  Counter connect_nanoseconds_;
};

class WorkerCounters {
 public:
  explicit WorkerCounters(const health::ConfiguredGroups& groups);
  GroupCounters& operator[](health::GroupId group) { return groups_[health::index(group)]; }
  const GroupCounters& operator[](health::GroupId group) const { return groups_[health::index(group)]; }
  void accept_failed(int error);
  void add_accept_errors(std::map<std::string, std::uint64_t>& to) const;

 private:
  struct AcceptError {
    int error;
    Counter count;
  };
  std::deque<GroupCounters> groups_;
  std::deque<AcceptError> accept_errors_;  // fixed after construction; error 0 counts all the others
};

/// The numbers of one group over all workers, by which clients are admitted, parked and placed on a node.
struct SharedGroupCounts {
  explicit SharedGroupCounts(std::size_t nodes) : node_sessions(nodes) {}
  std::atomic<std::size_t> sessions{0};  // admitted
  std::atomic<std::size_t> parked{0};
  std::vector<std::atomic<std::uint64_t>> node_sessions;  // by NodeId; connecting or relaying

  void add_to(GroupTraffic& traffic) const;
};

/// How many clients may be here at once, over all workers.
struct ClientLimits {
  std::size_t sessions;  // admitted
  std::size_t refused;   // not admitted, and being told so
};

struct SharedCounts {
  SharedCounts(const health::ConfiguredGroups& configured, ClientLimits most);
  SharedGroupCounts& operator[](health::GroupId group) { return groups[health::index(group)]; }
  const SharedGroupCounts& operator[](health::GroupId group) const { return groups[health::index(group)]; }

  const ClientLimits limits;
  std::atomic<std::size_t> sessions{0};  // admitted
  std::atomic<std::size_t> refused{0};   // not admitted, and being told so
  std::deque<SharedGroupCounts> groups;  // by GroupId
};

/// Takes a place under a limit. False: none was left, and none was taken.
bool take_place(std::atomic<std::size_t>& taken, std::size_t limit);

}  // namespace sengu::proxy
