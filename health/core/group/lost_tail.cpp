#include "health/core/group/lost_tail.hpp"

#include <string>

#include "health/core/group/events.hpp"

namespace sengu::health {

namespace {

void emit_lost(const Scene& scene, NodeId id, std::int64_t bytes, const std::string& how = {}) {
  if (bytes <= 0) return;
  emit_lost_writes(scene, id, {static_cast<std::uint64_t>(bytes), 0}, "bytes=" + std::to_string(bytes) + how);
}

}  // namespace

/// The bytes that the old master acknowledged beyond the point where the new master's history begins. Exact where the
/// old process lives on; a restarted one has another replication id.
void LostTail::report(const Scene& scene, NodeId id) {
  const Knowledge& known = scene.known;
  if (!known.master || !known.node(*known.master).info) return;
  const ServerInfo& master = *known.node(*known.master).info;
  const ServerInfo& old = *known.node(id).info;
  if (old.sql) return;
  if (old.replid == master.replid2) {
    emit_lost(scene, id, old.offset - (master.second_offset - 1));
  } else if (old.replid2 == master.replid) {  // it was made a master of its own out of the present history
    emit_lost(scene, id, old.offset - (old.second_offset - 1));
  } else {
    return report_estimate(scene, id);
  }
  if (tail_ && tail_->first == id) tail_.reset();
}

void LostTail::report_estimate(const Scene& scene, NodeId id) {
  if (!tail_ || tail_->first != id) return;
  emit_lost(scene, id, tail_->second, " estimate=last_probe");
  tail_.reset();
}

}  // namespace sengu::health
