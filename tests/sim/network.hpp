// Hosts and the paths between them: delays in order, and paths cut in one direction or both. What is sent over a cut
// path arrives when it heals, as TCP sends it again. Host 0 is sengu and its clients; host i + 1 is server i.
#pragma once

#include <map>
#include <vector>

#include "tests/sim/random.hpp"
#include "tests/sim/timeline.hpp"

namespace sengu::sim {

constexpr int proxy_host = 0;
constexpr int host_of(int server) { return server + 1; }

/// One direction of a connection: what is sent first arrives first.
struct Channel {
  int from;
  int to;
  Time last{};
};

class Network {
 public:
  Network(Timeline& timeline, Random& random) : timeline_(timeline), random_(random) {}

  void send(Channel& channel, Action arrival, Duration more = {}) {
    const Time when = std::max(timeline_.now() + delay(channel) + more, channel.last + Duration(1));
    channel.last = when;
    timeline_.at(when, [this, path = std::pair(channel.from, channel.to), arrival = std::move(arrival)] {
      arrive(path, arrival);
    });
  }
  void cut(int from, int to) { blocked_[{from, to}]; }
  void heal(int from, int to) {
    const auto path = blocked_.extract({from, to});
    if (path.empty()) return;
    for (const Action& arrival : path.mapped())
      timeline_.after({}, [this, from, to, arrival] { arrive({from, to}, arrival); });
  }
  bool open(int from, int to) const { return !blocked_.contains({from, to}); }
  bool open_both_ways(int a, int b) const { return open(a, b) && open(b, a); }
  /// Every message of this host takes so much longer.
  void slow_down(int host, Duration by) { slower_[host] = by; }
  bool is_slow(int host) const { return slower_.contains(host) && slower_.at(host) > Duration{}; }

 private:
  Duration delay(const Channel& channel) {
    using namespace std::chrono_literals;
    const auto slower = [&](int host) { return slower_.contains(host) ? slower_.at(host) : Duration{}; };
    return random_.between(30us, 300us) + slower(channel.from) + slower(channel.to);
  }
  void arrive(std::pair<int, int> path, const Action& arrival) {
    if (const auto cut = blocked_.find(path); cut != blocked_.end()) {
      cut->second.push_back(arrival);
    } else {
      arrival();
    }
  }

  Timeline& timeline_;
  Random& random_;
  std::map<std::pair<int, int>, std::vector<Action>> blocked_;
  std::map<int, Duration> slower_;
};

}  // namespace sengu::sim
