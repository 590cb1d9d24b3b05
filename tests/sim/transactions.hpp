// Transactions of a modelled MySQL group, and sets of them as intervals per source. The decision gets them as it would
// from a server: as the text of gtid_executed (as_gtids).
#pragma once

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "health/model/gtid_set.hpp"
#include "tests/sim/server.hpp"

namespace sengu::sim {

/// Which server_uuid wrote it, and its number there; the first data of a group are one entry of many.
struct Transaction {
  int source = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
  WriteId write = 0;
  bool rightful = true;  // written on the journal's master
};

inline std::string uuid_of(int source) { return fmt::format("{:08x}-0000-0000-0000-000000000000", source); }

class TransactionSet {
 public:
  void add(const Transaction& one) {
    Ranges& ranges = sources_[one.source];
    if (!ranges.empty() && ranges.back().last + 1 == one.first) {
      ranges.back().last = one.last;
      return;
    }
    const auto at =
        std::find_if(ranges.begin(), ranges.end(), [&](const Range& range) { return range.first > one.first; });
    ranges.insert(at, {one.first, one.last});
  }
  bool contains(const Transaction& one) const {
    const auto found = sources_.find(one.source);
    if (found == sources_.end()) return false;
    return std::any_of(found->second.rbegin(), found->second.rend(),
                       [&](const Range& range) { return range.first <= one.first && one.last <= range.last; });
  }
  std::uint64_t count() const {
    std::int64_t sum = 0;
    for (const auto& [source, ranges] : sources_)
      for (const Range& range : ranges) sum += range.last - range.first + 1;
    return static_cast<std::uint64_t>(sum);
  }
  std::int64_t last_of(int source) const {
    const auto found = sources_.find(source);
    return found == sources_.end() ? 0 : found->second.back().last;
  }
  health::GtidSet as_gtids() const {
    std::string text;
    for (const auto& [source, ranges] : sources_) {
      text += (text.empty() ? "" : ",\n") + uuid_of(source);
      for (const Range& range : ranges) text += fmt::format(":{}-{}", range.first, range.last);
    }
    return health::GtidSet::parse_mysql(text).value();
  }

 private:
  struct Range {
    std::int64_t first, last;
  };
  using Ranges = std::vector<Range>;
  std::map<int, Ranges> sources_;
};

}  // namespace sengu::sim
