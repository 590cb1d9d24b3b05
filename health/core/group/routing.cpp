#include "health/core/group/routing.hpp"

#include <utility>

#include "health/core/group/events.hpp"

namespace sengu::health {

void Routing::publish(const Scene& scene, Route wanted) {
  if (wanted.state == RouteState::open) {
    for (NodeView& node : scene.known.nodes) node.stall.unseen = false;
  }
  if (serial_ && wanted == published_) return;
  if (!serial_ || wanted.state != published_.state) since_ = scene.now;
  report_route(scene, serial_ ? std::optional(published_.state) : std::nullopt, wanted);
  published_ = std::move(wanted);
  serial_ = scene.out.next_serial();
  scene.out.send(Publish{*serial_, published_});
}

void Routing::update_reader(NodeView& node) {
  const bool serves = node.says(Role::replica) && node.info->read_only && node.replica.errant.empty();
  if (!serves) {
    node.reader.generation = 0;
    node.reader.server.clear();
  } else if (node.reader.generation == 0 || node.reader.server != node.info->run_id) {
    node.reader.generation = ++last_generation_;
    node.reader.server = node.info->run_id;
  }
}

}  // namespace sengu::health
