// The simulator: many seeds, or one told as prose. Ends with 1 where an invariant was broken.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

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
  std::optional<std::uint64_t> first{};
  std::optional<sengu::config::Kind> kind{};
  bool all = false;     // go on after a failure
  bool caught = false;  // the program is a mutant: an invariant must break
};

int usage() {
  std::fputs(
      "usage: sengu_sim [--seeds N] [--from N]     N seeds (100), from the first (1); ends with 1 where an invariant "
      "breaks\n"
      "       sengu_sim --all [--seeds N]          goes on after a seed that breaks one\n"
      "       sengu_sim --caught [--seeds N]       for a mutant: ends with 1 where none does\n"
      "       sengu_sim --seed N                   one of them, as prose\n"
      "       --first N                            this seed before all others\n"
      "       --kind redis|mysql                   of this kind only; else the seed decides\n",
      stderr);
  return 2;
}

/// What is wrong with this seed; empty: nothing. The first few are played twice.
std::string play_quietly(std::uint64_t seed, const Options& options, Totals& totals) {
  const auto kind = options.kind.value_or(kind_of(seed));
  const Result result = play(seed, kind, Telling::hash);
  totals.add(result);
  if (!result.violations.empty()) return result.violations.front();
  const bool twice = seed < options.from + 10;
  if (twice && play(seed, kind, Telling::hash).transcript != result.transcript)
    return "another transcript the second time";
  return {};
}

int play_many(const Options& options) {
  Totals totals;
  int broken = 0;
  std::vector<std::uint64_t> seeds;
  if (options.first) seeds.push_back(*options.first);
  for (std::uint64_t i = 0; i < options.seeds; ++i) seeds.push_back(options.from + i);
  for (const auto seed : seeds) {
    const std::string wrong = play_quietly(seed, options, totals);
    if (wrong.empty()) continue;
    const bool mysql = options.kind.value_or(kind_of(seed)) == sengu::config::Kind::mysql;
    std::printf("seed %llu (%s): %s\n", static_cast<unsigned long long>(seed), mysql ? "mysql" : "redis",
                wrong.c_str());
    if (options.caught) return 0;
    if (!options.all) return 1;
    ++broken;
  }
  if (broken > 0) return 1;
  std::printf(
      "%llu seeds, no invariant broken: %llu promotions; %llu acknowledged writes, %llu lost that no fit replica had\n",
      static_cast<unsigned long long>(options.seeds), totals.promotions, totals.acknowledged, totals.lost);
  return options.caught ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  std::optional<std::uint64_t> one;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--caught" || word == "--all") {
      (word == "--caught" ? options.caught : options.all) = true;
      continue;
    }
    if (i + 1 == argc) return usage();
    const std::string text = argv[++i];
    const auto value = std::strtoull(text.c_str(), nullptr, 10);
    if (word == "--seed") {
      one = value;
    } else if (word == "--kind" && (text == "redis" || text == "mysql")) {
      options.kind = text == "redis" ? sengu::config::Kind::redis : sengu::config::Kind::mysql;
    } else if (word == "--seeds") {
      options.seeds = value;
    } else if (word == "--first") {
      options.first = value;
    } else if (word == "--from") {
      options.from = value;
    } else {
      return usage();
    }
  }
  if (one) return play(*one, options.kind.value_or(kind_of(*one)), Telling::prose).violations.empty() ? 0 : 1;
  return play_many(options);
}
