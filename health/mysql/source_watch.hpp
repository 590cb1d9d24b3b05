// Judges from the successive probes of a replica whether it still hears its source. An IO thread says Yes for as long
// as its connection stands, also to a frozen master (RULES §2.4): where the replica's heartbeats are known, their
// growth is believed instead. Pure.
#pragma once

#include <optional>

#include "health/model/observation.hpp"

namespace sengu::health::mysql {

class SourceWatch {
 public:
  /// Takes what a probe saw at `now`, and corrects link_up and link_down_for in it. For a link that was never seen up,
  /// the server's own link_down_for stays.
  void take(ServerInfo& info, Time now);

 private:
  bool hears(const ServerInfo& info, Time now);

  Endpoint source_;
  std::int64_t heartbeats_ = 0;
  std::int64_t received_ = 0;
  std::optional<Time> last_probe_;  // none: no probe yet with this source
  Time last_sign_{};                // of the source: a heartbeat, or a transaction
  std::optional<Time> down_since_;
  bool was_up_ = false;
};

}  // namespace sengu::health::mysql
