// The simulator: many seeds, or one told as prose. Ends with 1 where an invariant was broken.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/sim/world.hpp"

namespace {

using namespace sengu::sim;

struct Totals {
  unsigned long long promotions = 0, acknowledged = 0, lost = 0;

  void add(const Result& result) {
    promotions += static_cast<unsigned long long>(result.promotions);
    acknowledged += result.acknowledged;
    lost += static_cast<unsigned long long>(result.lost);
  }
};

struct Options {
  std::uint64_t from = 1;
  std::uint64_t seeds = 100;
  bool caught = false;         // the program is a mutant: an invariant must break
};

int usage() {
  std::fputs("usage: sengu_sim [--seeds N] [--from N]     N seeds (100), from the first (1); ends with 1 where an invariant breaks\n"
             "       sengu_sim --caught [--seeds N]       for a mutant: ends with 1 where none does\n"
             "       sengu_sim --seed N                   one of them, as prose\n",
             stderr);
  return 2;
}

/// What is wrong with this seed; empty: nothing. The first few are played twice.
std::string play_quietly(std::uint64_t seed, const Options& options, Totals& totals) {
  const Result result = play(seed, Telling::hash);
  totals.add(result);
  if (!result.violations.empty()) return result.violations.front();
  const bool twice = seed < options.from + 10;
  if (twice && play(seed, Telling::hash).transcript != result.transcript) return "another transcript the second time";
  return {};
}

int play_many(const Options& options) {
  Totals totals;
  for (std::uint64_t seed = options.from; seed < options.from + options.seeds; ++seed) {
    const std::string wrong = play_quietly(seed, options, totals);
    if (wrong.empty()) continue;
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), wrong.c_str());
    return options.caught ? 0 : 1;
  }
  std::printf("%llu seeds, no invariant broken: %llu promotions; %llu acknowledged writes, %llu lost that no fit replica had\n",
              static_cast<unsigned long long>(options.seeds), totals.promotions, totals.acknowledged, totals.lost);
  return options.caught ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--caught") {
      options.caught = true;
      continue;
    }
    if (i + 1 == argc) return usage();
    const auto value = std::strtoull(argv[++i], nullptr, 10);
    if (word == "--seed") return play(value, Telling::prose).violations.empty() ? 0 : 1;
    if (word == "--seeds") {
      options.seeds = value;
    } else if (word == "--from") {
      options.from = value;
    } else {
      return usage();
    }
  }
  return play_many(options);
}
