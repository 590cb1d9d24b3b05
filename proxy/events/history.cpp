// See history.hpp.
#include "proxy/events/history.hpp"

#include <algorithm>
#include <vector>

namespace sengu::proxy {

const RecordedEvent& EventHistory::record(RecordedEvent event) {
  event.id = next_id_++;
  if (events_.size() == capacity) events_.pop_front();
  events_.push_back(std::move(event));
  // A follower may unfollow (itself or another) while it is told: walk the keys, not the list.
  std::vector<std::uint64_t> keys;
  keys.reserve(followers_.size());
  for (const auto& [key, follower] : followers_) keys.push_back(key);
  for (const auto key : keys) {
    const auto found = std::ranges::find(followers_, key, &std::pair<std::uint64_t, Follower>::first);
    if (found == followers_.end()) continue;
    const Follower follower = found->second;
    follower(events_.back());
  }
  return events_.back();
}

std::uint64_t EventHistory::follow(Follower follower) {
  followers_.emplace_back(next_key_, std::move(follower));
  return next_key_++;
}

void EventHistory::unfollow(std::uint64_t key) {
  followers_.remove_if([key](const auto& entry) { return entry.first == key; });
}

}  // namespace sengu::proxy
