#include "health/core/group/copies.hpp"

#include <algorithm>

#include "health/core/group/events.hpp"
#include "health/core/judgement/copies.hpp"

namespace sengu::health {

namespace {

/// Its data is the group's at this moment.
bool is_fed(const Scene& scene, NodeId id) {
  const Knowledge& known = scene.known;
  const NodeView& node = known.node(id);
  if (!known.master || node.outcome != Outcome::ok) return false;
  if (known.master == id) return known.master_verified && node.says(Role::master);
  return known.master_verified && node.info->link_up && !node.info->sync_in_progress &&
         known.follows(node, *known.master);
}

/// Its data came back, or the master has no more.
bool is_whole_again(const Scene& scene, NodeId id) {
  const NodeView& node = scene.known.node(id);
  const std::uint64_t keys = node.info->keys;
  if (!node.copy.held || keys * 2 >= node.copy.held->keys) return true;
  if (scene.known.master == id || !is_fed(scene, id) || !scene.known.master_verified) return false;
  return keys * 2 >= scene.master().info->keys;
}

/// What this node holds shows what another had lost when it was looked at before.
void look_back_at_others(Knowledge& known, NodeId id) {
  const NodeView& node = known.node(id);
  if (!known.master_verified || node.copy.emptied) return;
  for (NodeView& other : known.nodes) {
    if (&other == &node || !had_lost_its_keys(known, other, *node.info)) continue;
    other.copy.emptied = true;
    other.copy.held->keys = node.info->keys;
  }
}

/// Says +stranger and -stranger.
void report_stranger(const Scene& scene, NodeId id) {
  NodeView& node = scene.known.node(id);
  const bool may_be_ours = scene.known.master == id && expiry_explains(node);
  const bool stranger = scene.known.master && !may_be_ours && is_stranger(scene.known, node);
  // A process stays what it was taken for: what told so, such as the keys of its replicas, may change.
  if (scene.known.master && !stranger) node.copy.taken_for_ours = node.info->run_id;
  if (stranger == node.shown.stranger) return;
  node.shown.stranger = stranger;
  const std::string keys = "keys=" + std::to_string(node.info->keys);
  emit_node(scene, stranger ? EventKind::stranger : EventKind::stranger_end, id, Reason::none, stranger ? keys : "");
}

}  // namespace

void look_at_copy(const Scene& scene, NodeId id) {
  NodeView& node = scene.known.node(id);
  if (node.info->sql || node.info->loading) return;  // what it holds is not known yet
  const bool is_master = scene.known.master == id;
  const bool lost = !is_master && node.says(Role::replica) && lost_its_keys(scene.known, id);
  node.copy.emptied = lost || (node.copy.emptied && !is_whole_again(scene, id));
  report_stranger(scene, id);
  if (!is_fed(scene, id)) return;
  node.copy.fed = node.info_asked;
  node.copy.welcome = false;
  if (!node.copy.emptied) node.copy.hold(node.settings->name, *node.info);
  look_back_at_others(scene.known, id);
}

}  // namespace sengu::health
