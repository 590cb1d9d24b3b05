#include "health/core/group/permission.hpp"

#include <algorithm>

#include "health/core/judgement/candidate.hpp"
#include "health/core/judgement/deciders.hpp"

namespace sengu::health {

Reason why_hands_off(const GroupState& group) {
  const auto mode = group.settings().failover.mode;
  if (group.paused) return Reason::paused;
  if (mode == config::Mode::observe) return Reason::observe_mode;
  if (mode == config::Mode::manual) return Reason::manual_mode;
  if (group.stall.tilted()) return Reason::tilt;
  if (!group.journal.writable() || group.journal.damaged()) return Reason::journal_unwritable;
  if (has_other_deciders(group.known)) return Reason::two_deciders;
  return Reason::none;
}

Reason why_not_act(const GroupState& group, Reason cause) {
  if (const Reason reason = why_hands_off(group); reason != Reason::none) return reason;
  return group.pace.cools_down(group.now, cause, group.settings().failover.cooldown) ? Reason::cooldown : Reason::none;
}

bool may_still_fail_over(const GroupState& group, Reason cause) {
  const Reason reason = why_not_act(group, cause);
  if (reason == Reason::journal_unwritable || reason == Reason::cooldown) return true;
  if (reason != Reason::none) return false;
  const Knowledge& known = group.known;
  const Selection selection =
      select_candidate(known, {cause, std::nullopt, LossPolicy::keep_writes, group.now, group.now});
  return std::any_of(selection.rejected.begin(), selection.rejected.end(), [&](const Rejection& rejection) {
    const bool passes = rejection.reason == Reason::node_unconfirmed || rejection.reason == Reason::loading;
    return passes && received(known.history, *known.node(rejection.node).info);
  });
}

bool awaits_semi_sync(const GroupState& group) {
  return lacks_semi_sync(group.known) && why_hands_off(group) == Reason::none;
}

}  // namespace sengu::health
