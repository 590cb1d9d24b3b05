// The groups of this process. A group gets its id when it is configured, and no other group ever gets that id, not even
// where a reload takes the group away and adds another of the same name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "config/settings.hpp"

namespace sengu::health {

enum class GroupId : std::uint32_t {};
/// Its place in arrays of groups, which only grow.
constexpr std::size_t index(GroupId group) { return static_cast<std::size_t>(group); }

/// A group and what is configured of it. Settings never change: a reload hands out others.
struct ConfiguredGroup {
  GroupId id;
  std::shared_ptr<const config::GroupSettings> settings;
};
using ConfiguredGroups = std::vector<ConfiguredGroup>;

/// Hands out the ids of a process that starts, in the order of the configuration. Each result keeps all of `settings`
/// alive.
ConfiguredGroups hand_out_ids(const std::shared_ptr<const config::Settings>& settings);

}  // namespace sengu::health
