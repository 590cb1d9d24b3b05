// The last events, numbered, for `sengu events`, the API and those that follow.
// Owns how many are kept. Lives on the control thread; knows no socket and no format.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <string>

#include "health/model/event.hpp"

namespace sengu::proxy {

/// An event as people and scripts see it: names instead of indexes, a number and a wall time.
struct RecordedEvent {
  std::uint64_t id = 0;  // 1, 2, ... since start
  std::chrono::system_clock::time_point time{};
  health::EventKind kind{};
  std::string group;
  std::string node;  // empty where the event is of the whole group
  health::Epoch epoch = 0;
  health::Reason reason = health::Reason::none;
  std::string text;
};

class EventHistory {
 public:
  using Follower = std::function<void(const RecordedEvent&)>;

  static constexpr std::size_t capacity = 4096;

  /// Numbers and keeps the event (the oldest goes when full), then tells every follower.
  const RecordedEvent& record(RecordedEvent event);
  const std::deque<RecordedEvent>& all() const { return events_; }
  std::uint64_t follow(Follower follower);  // returns a key for unfollow
  void unfollow(std::uint64_t key);

 private:
  std::deque<RecordedEvent> events_;
  std::list<std::pair<std::uint64_t, Follower>> followers_;
  std::uint64_t next_id_ = 1;
  std::uint64_t next_key_ = 1;
};

}  // namespace sengu::proxy
