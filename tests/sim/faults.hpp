// What may go wrong: each fault is a name, and what it does to the world now and, where it passes, later.
#pragma once

#include "tests/sim/judge.hpp"

namespace sengu::sim {

/// What faults can reach.
struct Stage {
  Timeline& timeline;
  Random& random;
  Network& network;
  std::vector<std::unique_ptr<RedisServer>>& servers;
  Sengu& sengu;
  Judge& judge;
  std::function<void(const std::string&)> say;

  RedisServer& any_server() { return *servers[static_cast<std::size_t>(random.below(static_cast<int>(servers.size())))]; }
  /// The routed master more often than the others: it is the one that matters.
  RedisServer& likely_master();
};

/// One fault of the whole list, by chance.
void something_happens(Stage& stage);

/// Everything that passes has passed; what is dead is started again, with its data.
void all_is_well(Stage& stage);

}  // namespace sengu::sim
