// Seeded numbers, the same on every machine (std's distributions are not). SplitMix64, public domain, by Sebastiano
// Vigna.
#pragma once

#include <cstdint>

#include "health/model/time.hpp"

namespace sengu::sim {

using health::Duration;
using health::Time;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 0x1234567) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// 0 to n-1.
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  /// True in `percent` of 100 cases.
  bool chance(int percent) { return below(100) < percent; }
  Duration between(Duration least, Duration most) {
    return least +
           Duration(static_cast<Duration::rep>(next() % static_cast<std::uint64_t>((most - least).count() + 1)));
  }

 private:
  std::uint64_t state_;
};

}  // namespace sengu::sim
