#include "health/mysql/source_watch.hpp"

namespace sengu::health::mysql {

void SourceWatch::take(ServerInfo& info, Time now) {
  if (info.master.host.empty() || info.master != source_) *this = {};
  source_ = info.master;
  if (source_.host.empty() || !info.sql) return;
  info.link_up = hears(info, now);
  if (info.link_up) {
    was_up_ = true;
    down_since_.reset();
  } else if (was_up_) {
    if (!down_since_) down_since_ = now;
    info.link_down_for = std::chrono::floor<std::chrono::seconds>(now - *down_since_);
  }
}

/// A source is heard until two heartbeat periods, and the time between two of our probes, have passed since its last
/// sign: only then is it known that no sign came.
bool SourceWatch::hears(const ServerInfo& info, Time now) {
  const auto& sql = *info.sql;
  const bool sign = !last_probe_ || sql.heartbeats != heartbeats_ || info.offset != received_;
  const Duration between = last_probe_ ? now - *last_probe_ : Duration{0};
  if (sign || !info.link_up) last_sign_ = now;  // a new connection begins with a sign of the source
  last_probe_ = now;
  heartbeats_ = sql.heartbeats;
  received_ = info.offset;
  if (!info.link_up || !sql.heartbeat_period) return info.link_up;
  return now - last_sign_ < 2 * *sql.heartbeat_period + between;
}

}  // namespace sengu::health::mysql
