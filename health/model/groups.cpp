#include "health/model/groups.hpp"

namespace sengu::health {

ConfiguredGroups hand_out_ids(const std::shared_ptr<const config::Settings>& settings) {
  ConfiguredGroups groups;
  for (std::size_t i = 0; i < settings->groups.size(); ++i) {
    groups.push_back({GroupId{static_cast<std::uint32_t>(i)}, {settings, &settings->groups[i]}});
  }
  return groups;
}

}  // namespace sengu::health
