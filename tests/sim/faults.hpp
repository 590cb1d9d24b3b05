// What may go wrong: each fault is a name, and what it does to the world now and, where it passes, later.
#pragma once

#include "tests/sim/judge.hpp"

namespace sengu::sim {

/// What faults can reach.
struct Stage {
  Timeline& timeline;
  Random& random;
  Network& network;
  std::vector<std::unique_ptr<Server>>& servers;
  config::Kind kind;
  Sengu& sengu;
  Judge& judge;
  std::function<void(const std::string&)> say;

  Server& any_server() { return *servers[static_cast<std::size_t>(random.below(static_cast<int>(servers.size())))]; }
  /// The routed master more often than the others: it is the one that matters.
  Server& likely_master();
  /// Shorter than a probe, about as long as down_after, or long.
  Duration some_time();
  void touch(const Server& server) { judge.touch(host_of(server.index())); }
};

struct Fault {
  int weight;
  void (*happens)(Stage&);
};
void die_and_return(Stage& stage, Server& server);
void likely_master_dies(Stage& stage);
/// ... to return after a while.
void sengu_dies(Stage& stage);
/// A process that is not running is started again.
void bring_back(Stage& stage, Server& server, Kept kept);
/// Redis: it is deaf for longer than a candidate may be; when it is let in again, its master may have restarted.
void replica_is_locked_out(Stage& stage);
/// Those that only one kind knows, and their end.
const std::vector<Fault>& redis_faults();
void redis_is_well(Stage& stage, Server& server);
const std::vector<Fault>& mysql_faults();
void mysql_is_well(Stage& stage, Server& server);

/// One fault of the whole list, by chance.
void something_happens(Stage& stage);

/// Everything that passes has passed; what is dead is started again, with its data.
void all_is_well(Stage& stage);

}  // namespace sengu::sim
