// When each session of a worker wants to be woken. The worker's loop sleeps no longer than until the first of these
// deadlines. Worker's thread only.
#pragma once

#include <set>
#include <utility>

#include "health/model/time.hpp"

namespace sengu::proxy {

class Session;

/// Sessions by the instant at which they want to be woken.
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

}  // namespace sengu::proxy
