// The relay log of a failover's target: of MySQL a promotion throws away what was received and not applied, so that is
// applied before (RULES §4.4). Where the candidates could not be compared yet, they are in the end (RULES §5.4).
#pragma once

#include <optional>

#include "health/core/change/context.hpp"
#include "health/core/judgement/candidate.hpp"

namespace sengu::health {

class Applying {
 public:
  /// `target` was chosen by `choice`. No replica receives.
  void begin(const ChangeContext& context, const Choice& choice, NodeId target);
  /// Goes as far as what is known allows. Returns the result once: none where target() may be promoted, else why not.
  /// `choice` may have changed: where the loss is accepted the one that has applied most is the target.
  std::optional<Reason> advance(const ChangeContext& context, const Choice& choice);

  /// Another one where that turned out to hold more, or was taken by the operator.
  NodeId target() const { return target_; }
  Time since() const { return since_; }
  /// When something was seen to be applied last.
  Time progressed() const { return progressed_; }

 private:
  std::optional<Reason> compare(const ChangeContext& context, const Choice& choice);
  bool one_is_out_of_sight(const ChangeContext& context) const;
  bool receives_for_lift(const NodeView& target) const;
  void help_target(const ChangeContext& context) const;
  std::int64_t progress(const ChangeContext& context) const;

  NodeId target_{};
  ServerInfo seen_;        // the target when it was chosen
  bool compares_ = false;  // who has received most is yet to be seen
  Time since_{};
  Time progressed_{};
  std::int64_t applied_ = 0;  // how far the target, and those that are yet to be compared, were seen to have applied
};

}  // namespace sengu::health
