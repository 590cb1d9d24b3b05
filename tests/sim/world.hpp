// One run: a seed makes a group, its clients, and a plan of faults; everything happens under a virtual clock, and the
// same seed makes the same run, byte for byte.
#pragma once

#include "tests/sim/judge.hpp"
#include "tests/sim/writer.hpp"

namespace sengu::sim {

struct Result {
  std::vector<std::string> violations;
  std::uint64_t transcript = 0;  // a hash of it
  std::size_t acknowledged = 0;
  int lost = 0;
  int promotions = 0;
};

/// How much is told: nothing but the hash, or every line to stdout.
enum class Telling : std::uint8_t { hash, prose };

/// Half of the seeds are of each.
inline config::Kind kind_of(std::uint64_t seed) { return seed % 2 == 0 ? config::Kind::mysql : config::Kind::redis; }

Result play(std::uint64_t seed, config::Kind kind, Telling telling);

}  // namespace sengu::sim
