// Follows the same lists of keys as reading does, so a new key is printed without a line here.
#include "config/print.hpp"

#include <fmt/format.h>

#include "config/schema.hpp"

namespace sengu::config {
namespace {

template <class T>
void print_key(std::string& out, const Key<T>& key, const T& from) {
  const std::string value = key.print ? key.print(from) : "";
  if (!value.empty()) out += fmt::format("{} = {}\n", key.name, value);
}

template <class T>
void print_table(std::string& out, std::string_view header, const Keys<T>& keys, const T& from) {
  out += fmt::format("{}\n", header);
  for (const Key<T>& key : keys) print_key(out, key, from);
}

/// Prints a table without the keys of other kinds of groups.
template <class T>
void print_of_kind(std::string& out, Kind kind, std::string_view table, const Keys<T>& keys, const T& from) {
  const bool repeats = table == "group" || table == "group.node";
  out += fmt::format(fmt::runtime(repeats ? "[[{}]]\n" : "[{}]\n"), table);
  for (const Key<T>& key : keys)
    if (has_key(kind, table, key.name)) print_key(out, key, from);
}

void print_secret(std::string& out, std::string_view key, const Secret& secret) {
  if (!secret.empty()) out += fmt::format("# {} = \"***\"\n", key);
}

void print_group(std::string& out, const GroupSettings& group) {
  out += '\n';
  print_of_kind(out, group.kind, "group", group_keys(), group);
  print_secret(out, "password_file", group.password);
  print_secret(out, "replication_password_file", group.replication_password);
  print_of_kind(out, group.kind, "group.health", health_keys(), group.health);
  print_of_kind(out, group.kind, "group.failover", failover_keys(), group.failover);
  for (const NodeSettings& node : group.nodes) print_of_kind(out, group.kind, "group.node", node_keys(), node);
}

}  // namespace

std::string print(const Settings& settings) {
  std::string out;
  print_table(out, "[proxy]", proxy_keys(), settings.proxy);
  print_table(out, "[admin]", admin_keys(), settings.admin);
  print_secret(out, "password_file", settings.admin.password);
  print_table(out, "[http]", http_keys(), settings.http);
  print_table(out, "[log]", log_keys(), settings.log);
  for (const GroupSettings& group : settings.groups) print_group(out, group);
  return out;
}

}  // namespace sengu::config
