// Finds words, groups and nodes by the name that a client wrote, and makes the error where there is no such name.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "config/base/nearest.hpp"
#include "config/base/printable.hpp"
#include "proxy/admin/words.hpp"

namespace sengu::proxy::admin {

std::string upper(std::string_view word) {
  std::string text(word);
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

bool same_word(std::string_view left, std::string_view right) {
  return left.size() == right.size() && upper(left) == upper(right);
}

std::optional<health::ConfiguredGroup> find_group(const Operations& operations, std::string_view name) {
  const auto& groups = operations.groups();
  const auto found = std::ranges::find_if(groups, [&](const auto& group) { return group.settings->name == name; });
  return found == groups.end() ? std::nullopt : std::optional(*found);
}

std::optional<health::NodeId> find_node(const config::GroupSettings& group, std::string_view name) {
  for (std::size_t at = 0; at < group.nodes.size(); ++at)
    if (group.nodes[at].name == name || to_string(group.nodes[at].address) == name)
      return static_cast<health::NodeId>(at);
  return std::nullopt;
}

std::string unknown_group(const Operations& operations, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& group : operations.groups()) names.push_back(group.settings->name);
  return fmt::format("ERR no such group '{}'{}", printable(name.substr(0, 128)), did_you_mean(name, names));
}

std::string unknown_node(const config::GroupSettings& group, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& node : group.nodes) names.push_back(node.name);
  return fmt::format("ERR no such node '{}' in group '{}'{}", printable(name.substr(0, 128)), group.name,
                     did_you_mean(name, names));
}

}  // namespace sengu::proxy::admin
