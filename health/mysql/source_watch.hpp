// Whether a replica still hears its source, from what its probes say one after another. An IO thread says Yes for as long
// as its connection stands, also to a frozen master (RULES §2.4): where its heartbeats are known, their growth is
// believed instead. Pure.
#pragma once

#include <optional>

#include "health/model/observation.hpp"

namespace sengu::health::mysql {

class SourceWatch {
 public:
  /// Takes what a probe saw at `now`, and sets link_up and link_down_for in it. Of a link that it never saw up it knows no better
  /// than the server.
  void take(ServerInfo& info, Time now);

 private:
  bool hears(const ServerInfo& info, Time now);

  Endpoint source_;
  std::int64_t heartbeats_ = 0;
  std::int64_t received_ = 0;
  std::optional<Time> last_probe_;   // since the source is what it is
  Time last_sign_{};                 // of the source: a heartbeat, or a transaction
  std::optional<Time> down_since_;
  bool was_up_ = false;
};

}  // namespace sengu::health::mysql
