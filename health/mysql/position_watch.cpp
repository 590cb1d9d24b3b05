#include "health/mysql/position_watch.hpp"

namespace sengu::health::mysql {

namespace {

/// As long as an applier stands idle at one place before the rest of its relay log counts as half a transaction.
constexpr std::chrono::seconds rest_proved_after{1};

}  // namespace

void PositionWatch::take(ServerInfo& info, Time now) {
  if (!info.sql || !info.sql->by_position || !info.sql->by_position->idle) return stands_.reset();
  ByPosition& seen = *info.sql->by_position;
  const bool stands = stands_ && stands_->source == seen.source && stands_->received == seen.received &&
                      stands_->applied == seen.applied;
  if (!stands) {
    stands_ = seen;
    since_ = now;
  }
  seen.at_rest = now - since_ >= rest_proved_after;
}

}  // namespace sengu::health::mysql
