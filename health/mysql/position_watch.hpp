// Judges from the successive probes of a MariaDB replica that follows by file and position whether its applier has come
// to the end of what can be applied. A relay log that ends within a transaction leaves a rest that it never will: what
// was received only in part was acknowledged to no client. Pure.
#pragma once

#include <optional>

#include "health/model/observation.hpp"

namespace sengu::health::mysql {

class PositionWatch {
 public:
  /// Takes what a probe saw at `now`, and sets ByPosition::at_rest in it.
  void take(ServerInfo& info, Time now);

 private:
  std::optional<ByPosition> stands_;  // where it has been idle since `since_`
  Time since_{};
};

}  // namespace sengu::health::mysql
