// Follows the same lists of keys as reading does, so a new key is printed without a line here.
#include "config/print.hpp"

#include <fmt/format.h>

#include "config/schema.hpp"

namespace sengu::config {
namespace {

template <class T>
void print_table(std::string& out, std::string_view header, const Keys<T>& keys, const T& from) {
  out += fmt::format("{}\n", header);
  for (const Key<T>& key : keys) {
    const std::string value = key.print ? key.print(from) : "";
    if (!value.empty()) out += fmt::format("{} = {}\n", key.name, value);
  }
}

void print_secret(std::string& out, const Secret& secret) {
  if (!secret.empty()) out += "# password_file = \"***\"\n";
}

void print_group(std::string& out, const GroupSettings& group) {
  out += '\n';
  print_table(out, "[[group]]", group_keys(), group);
  print_secret(out, group.password);
  print_table(out, "[group.health]", health_keys(), group.health);
  print_table(out, "[group.failover]", failover_keys(), group.failover);
  for (const NodeSettings& node : group.nodes) print_table(out, "[[group.node]]", node_keys(), node);
}

}  // namespace

std::string print(const Settings& settings) {
  std::string out;
  print_table(out, "[proxy]", proxy_keys(), settings.proxy);
  print_table(out, "[admin]", admin_keys(), settings.admin);
  print_secret(out, settings.admin.password);
  print_table(out, "[http]", http_keys(), settings.http);
  print_table(out, "[log]", log_keys(), settings.log);
  for (const GroupSettings& group : settings.groups) print_group(out, group);
  return out;
}

}  // namespace sengu::config
