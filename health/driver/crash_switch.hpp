// For tests only: the point of a failover at which the process shall die, one for each that RULES §7.2 names. Pure;
// the caller (the driver, the simulator) ends the process.
#pragma once

#include <optional>
#include <string_view>

#include "health/model/messages.hpp"

namespace sengu::health {

enum class CrashPoint : std::uint8_t {
  never,
  before_the_journal,      // the switching record is about to be written
  after_switching,         // it is on disk
  after_held,              // the route without sessions went out to the workers
  after_acknowledgements,  // all of them have cut
  after_the_fence,
  promote_sent,  // and carried out, but not seen by a probe
  observed,      // seen as master, not in the journal
  journalled,    // in the journal, the route not open
  repointing,    // the first of the other replicas was told
};
/// By its name, as SENGU_CRASH_AT gives it; none where there is no such point.
std::optional<CrashPoint> crash_point(std::string_view name);

class CrashSwitch {
 public:
  explicit CrashSwitch(CrashPoint point = CrashPoint::never) : point_(point) {}

  /// Whether to die before this input is taken in, before this command is carried out, or after it was.
  bool before(const Input& input) const;
  bool before(const Command& command);
  bool after(const Command& command) const;

 private:
  CrashPoint point_;
  std::optional<Serial> switching_;  // of the journal's write
  std::optional<Serial> steady_;
  std::optional<Serial> cut_;  // of the publication
};

}  // namespace sengu::health
