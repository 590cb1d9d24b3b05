#include "health/mysql/position_watch.hpp"

namespace sengu::health::mysql {

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
