// The virtual clock and everything that will happen, in order; and Actor, a thread of control that a fault can stop
// between any two of its steps.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "health/model/time.hpp"

namespace sengu::sim {

using health::Duration;
using health::Time;
using Action = std::function<void()>;

class Timeline {
 public:
  Time now() const { return now_; }
  void at(Time when, Action action) { due_.emplace(std::pair(std::max(when, now_), ++order_), std::move(action)); }
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

  void run_until(Time end) {
    while (!due_.empty() && due_.begin()->first.first <= end) {
      auto next = due_.extract(due_.begin());
      now_ = next.key().first;
      next.mapped()();
    }
    now_ = end;
  }

 private:
  Time now_{std::chrono::hours(1)};
  std::uint64_t order_ = 0;
  std::map<std::pair<Time, std::uint64_t>, Action> due_;
};

class Actor {
 public:
  /// Now, or when it wakes.
  void run(Action step) {
    if (frozen_ || running_) {
      waiting_.push_back(std::move(step));
    } else {
      waiting_.push_back(std::move(step));
      go_on();
    }
  }
  void freeze() { frozen_ = true; }
  void thaw() {
    frozen_ = false;
    if (!running_) go_on();
  }
  bool frozen() const { return frozen_; }
  /// The thread is gone, and what it would have done.
  void die() {
    waiting_.clear();
    frozen_ = false;
  }

 private:
  void go_on() {
    running_ = true;
    while (!frozen_ && !waiting_.empty()) {
      const Action step = std::move(waiting_.front());
      waiting_.pop_front();
      step();
    }
    running_ = false;
  }

  bool frozen_ = false;
  bool running_ = false;  // a step is under way: what it causes comes after it
  std::deque<Action> waiting_;
};

}  // namespace sengu::sim
