// What operators may ask of a group, and what becomes of it. Plain values: the grammar of each verb is the ports', the
// meaning the core's (health/core/group/wishes).
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "health/model/observation.hpp"
#include "health/model/reason.hpp"
#include "health/model/step.hpp"

namespace sengu::health {

/// Promote `to`, or the best eligible replica, now.
struct FailoverWish {
  std::optional<NodeId> to;
  LossPolicy loss = LossPolicy::keep_writes;
};
/// The node may follow the master again, whatever data it holds. With `wipe` the operator gives that data up.
struct RejoinWish {
  NodeId node;
  bool wipe = false;
};
/// No automatic action; routing goes on.
struct PauseWish {};
/// Automatic action again.
struct ResumeWish {};

using Wish = std::variant<FailoverWish, RejoinWish, PauseWish, ResumeWish>;

/// How a wish ended.
struct WishOutcome {
  Reason refused = Reason::none;  // none: it was done
  std::string text;               // for people

  bool done() const { return refused == Reason::none; }
};

}  // namespace sengu::health
