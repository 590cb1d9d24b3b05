#include "health/driver/crash_switch.hpp"

#include <array>
#include <utility>

namespace sengu::health {
namespace {

constexpr std::array<std::pair<std::string_view, CrashPoint>, 9> names{{
    {"before_the_journal", CrashPoint::before_the_journal},
    {"after_switching", CrashPoint::after_switching},
    {"after_held", CrashPoint::after_held},
    {"after_acknowledgements", CrashPoint::after_acknowledgements},
    {"after_the_fence", CrashPoint::after_the_fence},
    {"promote_sent", CrashPoint::promote_sent},
    {"observed", CrashPoint::observed},
    {"journalled", CrashPoint::journalled},
    {"repointing", CrashPoint::repointing},
}};

bool is_cut(const Command& command) {
  const auto* publish = std::get_if<Publish>(&command);
  return publish != nullptr && publish->route.state == RouteState::held && publish->route.live == 0;
}

}  // namespace

std::optional<CrashPoint> crash_point(std::string_view name) {
  for (const auto& [known, point] : names) {
    if (known == name) return point;
  }
  return std::nullopt;
}

bool CrashSwitch::before(const Input& input) const {
  if (const auto* written = std::get_if<JournalWritten>(&input)) {
    if (point_ == CrashPoint::after_switching) return switching_ == written->serial;
    return point_ == CrashPoint::journalled && steady_ == written->serial;
  }
  if (const auto* published = std::get_if<Published>(&input)) {
    return point_ == CrashPoint::after_acknowledgements && switching_ && cut_ == published->serial;
  }
  if (const auto* done = std::get_if<StepDone>(&input)) {
    if (point_ == CrashPoint::after_the_fence) return done->step == Step::fence;
    if (point_ == CrashPoint::promote_sent) return done->step == Step::promote;
    return point_ == CrashPoint::repointing && done->step == Step::repoint;
  }
  return false;
}

bool CrashSwitch::before(const Command& command) {
  if (is_cut(command)) cut_ = std::get<Publish>(command).serial;
  const auto* write = std::get_if<WriteJournal>(&command);
  if (write == nullptr) return false;
  if (write->record.phase == Phase::switching) {
    switching_ = write->serial;
    return point_ == CrashPoint::before_the_journal;
  }
  if (write->record.phase != Phase::steady || !switching_) return false;
  steady_ = write->serial;
  return point_ == CrashPoint::observed;
}

bool CrashSwitch::after(const Command& command) const {
  return point_ == CrashPoint::after_held && switching_ && is_cut(command);
}

}  // namespace sengu::health
