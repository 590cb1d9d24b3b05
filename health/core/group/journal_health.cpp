#include "health/core/group/journal_health.hpp"

#include "health/core/change/record.hpp"
#include "health/core/group/events.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto probe_interval = 1s;

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

}  // namespace sengu::health
