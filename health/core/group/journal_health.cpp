#include "health/core/group/journal_health.hpp"

#include <algorithm>

#include "health/core/change/record.hpp"
#include "health/core/group/events.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto probe_interval = 1s;
// A later run tells an old copy from a new one by the offset, and a node of the group from a stranger by its keys,
// which may be off by a tenth.
constexpr auto refreshed_each = 1min;
constexpr auto refreshed_soon = 1s;
constexpr std::uint64_t changed_much = 20;  // by more than a twentieth

/// Also where the record does not say yet how fast the node's data grow.
bool changed_much_since(const JournalRecord& record, const NodeView& node) {
  if (!node.copy.held) return false;
  const auto written = std::find_if(record.copies.begin(), record.copies.end(),
                                    [&](const HeldCopy& copy) { return copy.node == node.settings->name; });
  if (written == record.copies.end()) return true;
  if (!written->growth && node.copy.held->growth) return true;
  const auto [less, more] = std::minmax(written->keys, node.copy.held->keys);
  return (more - less) * changed_much > less;
}

}  // namespace

void JournalHealth::written(const Scene& scene, const JournalWritten& written) {
  if (ok_ != written.ok) {
    emit_group(scene, written.ok ? EventKind::journal_error_end : EventKind::journal_error,
               written.ok ? Reason::none : Reason::journal_unwritable);
  }
  ok_ = written.ok;
  next_probe_ = scene.now + probe_interval;
  if (probe_ == written.serial) probe_.reset();
}

void JournalHealth::probe(const Scene& scene) {
  if (ok_ || probe_ || scene.now < next_probe_) return;
  probe_ = write_record(scene.known, scene.out);
}

void JournalHealth::refresh(const Scene& scene) {
  if (!refreshed_) refreshed_ = scene.now;
  if (!ok_ || probe_ || scene.now - *refreshed_ < refreshed_soon) return;
  const auto& nodes = scene.known.nodes;
  const bool soon = std::any_of(nodes.begin(), nodes.end(),
                                [&](const NodeView& node) { return changed_much_since(scene.known.record, node); });
  if (!soon && scene.now - *refreshed_ < refreshed_each) return;
  refreshed_ = scene.now;
  const JournalRecord before = scene.known.record;
  record_history(scene.known, *scene.master().info);
  if (scene.known.record != before) write_record(scene.known, scene.out);
}

}  // namespace sengu::health
