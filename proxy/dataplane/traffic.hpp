// What the data plane counted, summed over all workers: the values behind metrics and status. Plain values; the
// workers' own single-writer counters are in proxy/dataplane/counters.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/base/types.hpp"
#include "health/model/reason.hpp"

namespace sengu::proxy {

/// Upper bounds of the ten buckets of every duration histogram, in seconds; one more bucket counts the rest.
inline constexpr std::array<double, 10> duration_buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0};

struct DurationHistogram {
  std::array<std::uint64_t, duration_buckets.size() + 1> counts{};  // not cumulative
  double sum_seconds = 0;
};

struct NodeTraffic {
  std::uint64_t sessions = 0;        // now
  std::uint64_t sessions_total = 0;  // since start
};

struct GroupTraffic {
  std::vector<NodeTraffic> nodes;                   // by NodeId
  std::uint64_t parked = 0;                         // now
  std::map<health::Reason, std::uint64_t> cut;      // since start
  std::map<health::Reason, std::uint64_t> refused;  // since start
  std::uint64_t bytes_client_to_server = 0;
  std::uint64_t bytes_server_to_client = 0;
  DurationHistogram connect_duration;
  Endpoint bound_listen;       // with the real port where the configuration says 0
  Endpoint bound_read_listen;  // port 0 where there is none
};

struct Traffic {
  std::vector<GroupTraffic> groups;                    // by GroupId
  std::map<std::string, std::uint64_t> accept_errors;  // by errno name, "EMFILE"
};

}  // namespace sengu::proxy
