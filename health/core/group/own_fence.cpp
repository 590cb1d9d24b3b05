#include "health/core/group/own_fence.hpp"

#include "health/core/change/record.hpp"
#include "health/core/change/tell.hpp"
#include "health/core/judgement/deciders.hpp"

namespace sengu::health {

namespace {

using namespace std::chrono_literals;

/// A fence whose connection is gone may still wait in the server, for two locks of at most a second each
/// (lock_wait_timeout of our sessions), and take effect after it was seen undone.
constexpr auto lingers = 5s;

}  // namespace

void OwnFence::undo(const Scene& scene, Reasons& reasons) {
  open_since_.reset();
  reasons.last = Reason::own_fence;
  const NodeView& master = scene.master();
  if (!master.deciders.told_since(Time{})) return;  // asked as soon as it was seen
  if (has_other_deciders(scene.known)) return reasons.refuse(scene, Reason::two_deciders);
  const bool seen_since = !master.told.step && master.info_asked >= master.told.done;
  if (!seen_since || scene.now < master.told.retry) return;
  tell(scene.known, scene.out, RunStep{*scene.known.master, Step::unfence, {}, scene.settings().failover.step_timeout});
}

void OwnFence::master_is_open(const Scene& scene) {
  const NodeView& master = scene.master();
  const bool told = master.told.step || master.info_asked < master.told.done;
  if (!scene.known.record.fenced || told) return open_since_.reset();
  if (!open_since_) open_since_ = scene.now;
  if (scene.now - *open_since_ < lingers) return;
  open_since_.reset();
  record_unfenced(scene.known);
  write_record(scene.known, scene.out);
}

}  // namespace sengu::health
