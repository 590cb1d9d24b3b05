#include "health/core/judgement/fitness.hpp"

namespace sengu::health {

std::string why_it_could_not_serve(const NodeView& node) {
  if (node.info && !node.info->hindrance.empty()) return node.info->hindrance;
  if (node.told.refused_promotion) return "it refused a promotion: " + node.told.error;
  return {};
}

std::string why_it_cannot_be_promoted(const NodeView& node) { return node.info ? node.info->unpromotable : ""; }

}  // namespace sengu::health
