// What the workers know of this group: the route that was published last, whether they have acknowledged it, and the
// generations of its readers.
#pragma once

#include <optional>

#include "health/core/group/scene.hpp"

namespace sengu::health {

class Routing {
 public:
  explicit Routing(std::size_t nodes) { published_.readers.resize(nodes); }

  void start(Time now) { since_ = now; }
  /// Publishes the route if it differs from the last one. An open route ends the search for a node that was promoted
  /// unseen.
  void publish(const Scene& scene, Route wanted);
  void acknowledged(Serial serial) { acknowledged_ = serial; }
  /// Every worker has acknowledged the last route, and no other is wanted by now.
  bool is_acknowledged(const Route& wanted) const {
    return serial_ && acknowledged_ == *serial_ && wanted == published_;
  }
  /// A reader's generation changes with the role of its node, or the server behind it; a writable replica has none.
  void update_reader(NodeView& node);

  const Route& published() const { return published_; }
  Time since() const { return since_; }

 private:
  Route published_;
  std::optional<Serial> serial_;  // of published_; none before the first
  Serial acknowledged_{};
  Time since_{};  // since when published_ has its state
  std::uint32_t last_generation_ = 0;
};

}  // namespace sengu::health
