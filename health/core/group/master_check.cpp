#include "health/core/group/master_check.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto soon = 1s;

/// The journal's server has less than it had when last seen or journalled.
bool has_regressed(const NodeView& before, const ServerInfo& info, const JournalRecord& record) {
  if (info.run_id != record.server_id) return false;
  if (!before.info || before.info->run_id != info.run_id) return !of_history(info, record);
  return !info.sql->executed.contains(before.info->sql->executed);
}

}  // namespace

void MasterCheck::take(const NodeView& before, const Observation& seen, const JournalRecord& record) {
  if (!seen.info->sql) return;
  if (!before.info || was_restarted(before, seen)) unjudged_ = true;
  if (has_regressed(before, *seen.info, record)) regressed_ = true;
}

/// A transaction that waits for its acknowledgement is on the replicas before the master counts it: for a moment, or
/// for long where no replica acknowledges. So the master is not judged while sessions wait.
bool MasterCheck::holds_what_replicas_have(const Scene& scene) {
  if (!unjudged_) return true;
  const Knowledge& known = scene.known;
  const NodeView& master = scene.master();
  if (!must_hold_by_) {
    if (!all_asked(known)) return false;
    for (const NodeView& node : known.nodes) {
      if (&node == &master || !node.alive() || !node.info || !node.info->sql || !received(known.history, *node.info))
        continue;
      must_hold_.add(node.info->sql->received.without(errant(known.history, *node.info)));
    }
    must_hold_by_ = scene.now + soon;
  }
  const bool holds = master.info->sql->executed.contains(must_hold_);
  const bool may_be_waiting = scene.now < *must_hold_by_ || master.info->sql->semi_sync_waiting > 0;
  if (!holds && may_be_waiting) return false;
  reset();
  regressed_ = !holds;
  return holds;
}

bool MasterCheck::is_another(const Knowledge& known, const ServerInfo& info) const {
  return info.run_id != known.record.server_id || regressed_;
}

bool MasterCheck::server_changed(const Knowledge& known) const {
  const NodeView& node = known.node(*known.master);
  return node.info && is_another(known, *node.info);
}

void MasterCheck::reset() {
  regressed_ = unjudged_ = false;
  must_hold_ = {};
  must_hold_by_.reset();
}

}  // namespace sengu::health
