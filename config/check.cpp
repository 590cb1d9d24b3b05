// One function per rule. A value that could not be read is empty here and has its finding already.
#include "config/check.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>

#include "config/schema.hpp"
#include "config/words.hpp"

namespace sengu::config {
namespace {

using Problems = std::vector<Problem>;

/// Where findings about `key` of a table belong: at its value, else at the table.
Item item_at(const Value& table, std::string_view section, std::string_view key, Problems& problems) {
  const Value* value = table.find(key);
  return {value == nullptr ? table : *value, fmt::format("{}.{}", section, key), problems};
}

/// The same in the main file; a file without that section is named at its first line.
Item main_item(const Draft& draft, std::string_view section, std::string_view key, Problems& problems) {
  const Value* table = draft.source->find(section);
  return item_at(table == nullptr ? *draft.source : *table, section, key, problems);
}

bool is_loopback(const Endpoint& endpoint) { return endpoint.host.starts_with("127.") || endpoint.host == "::1"; }
bool is_unspecified(const Endpoint& endpoint) { return endpoint.host == "0.0.0.0" || endpoint.host == "::"; }

/// The place of a value, for a finding that is reported at another line.
std::string place(const Value& value) { return fmt::format("{}:{}", *value.file, value.line); }

void check_required(const Draft::Group& group, Problems& problems) {
  for (const auto key : {"name", "listen"})
    if (group.source->find(key) == nullptr) item_at(*group.source, "group", key, problems).problem("must be given");
}

void check_group_names(const Draft& draft, Problems& problems) {
  std::map<std::string, const Value*> seen;
  for (const auto& group : draft.groups) {
    if (group.settings.name.empty()) continue;
    const Item item = item_at(*group.source, "group", "name", problems);
    if (group.settings.name == "all")
      item.problem("\"all\" means every group in the operator's commands: choose another name");
    const auto [first, fresh] = seen.emplace(group.settings.name, &item.value());
    if (!fresh)
      item.problem(fmt::format("duplicate group \"{}\": first at {}", group.settings.name, place(*first->second)));
  }
}

/// Gathers the listen addresses, and finds an address that is given twice.
class Listeners {
 public:
  void add(const Endpoint& endpoint, const Item& item) {
    if (endpoint.port == 0) return;  // the system chooses a free one
    const auto [first, fresh] = seen_.emplace(endpoint, Taken{item.key(), &item.value()});
    if (!fresh)
      item.problem(fmt::format("duplicate listen address \"{}\": also {} at {}", to_string(endpoint), first->second.key,
                               place(*first->second.value)));
  }

 private:
  struct Taken {
    std::string key;
    const Value* value;
  };
  std::map<Endpoint, Taken> seen_;
};

void check_listeners(const Draft& draft, Problems& problems) {
  Listeners listeners;
  listeners.add(draft.settings.admin.listen, main_item(draft, "admin", "listen", problems));
  listeners.add(draft.settings.http.listen, main_item(draft, "http", "listen", problems));
  for (const auto& [group, source] : draft.groups) {
    if (!group.listen.host.empty()) listeners.add(group.listen, item_at(*source, "group", "listen", problems));
    if (group.read_listen) listeners.add(*group.read_listen, item_at(*source, "group", "read_listen", problems));
  }
}

/// A key of one node. In the short form there are no keys but the address itself.
Item node_item(const Draft::Group& group, std::size_t index, std::string_view key, Problems& problems) {
  if (const Value* list = group.source->find("nodes")) return {list->items[index], "group.nodes", problems};
  return item_at(group.source->find("node")->items[index], "group.node", key, problems);
}

/// Whether the group would proxy to itself. Watching the VIP instead of the real addresses made a returning master
/// replicate from itself.
bool would_loop(const GroupSettings& group, const Endpoint& node) {
  const auto same = [&](const Endpoint& listen) {
    return listen == node || (is_unspecified(listen) && is_loopback(node) && listen.port == node.port);
  };
  return same(group.listen) || (group.read_listen && same(*group.read_listen));
}

void check_node_loops(const Draft::Group& group, Problems& problems) {
  const auto& nodes = group.settings.nodes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto refuse = [&](std::string_view key, const Endpoint& endpoint) {
      node_item(group, i, key, problems)
          .problem(
              fmt::format("\"{}\" is where the group listens: the group would proxy to itself", to_string(endpoint)));
    };
    if (would_loop(group.settings, nodes[i].address)) refuse("address", nodes[i].address);
    if (nodes[i].replication_address != nodes[i].address && would_loop(group.settings, nodes[i].replication_address))
      refuse("replication_address", nodes[i].replication_address);
  }
}

void check_node_twice(const Draft::Group& group, Problems& problems) {
  std::map<Endpoint, std::size_t> addresses;
  std::map<std::string, std::size_t> names;
  for (std::size_t i = 0; i < group.settings.nodes.size(); ++i) {
    const NodeSettings& node = group.settings.nodes[i];
    if (node.address.host.empty()) continue;
    const auto [address, new_address] = addresses.emplace(node.address, i);
    if (!new_address) {
      node_item(group, i, "address", problems)
          .problem(fmt::format("duplicate node \"{}\": first at {}", to_string(node.address),
                               place(node_item(group, address->second, "address", problems).value())));
    }
    const auto [name, new_name] = names.emplace(node.name, i);
    if (!new_name && new_address) {
      node_item(group, i, "name", problems)
          .problem(fmt::format("duplicate node name \"{}\": first at {}", node.name,
                               place(node_item(group, name->second, "name", problems).value())));
    }
  }
}

void check_nodes(const Draft::Group& group, Problems& problems) {
  if (group.source->find("nodes") != nullptr && group.source->find("node") != nullptr) {
    item_at(*group.source, "group", "nodes", problems)
        .problem("both nodes and [[group.node]] are given: use one of them");
    return;
  }
  const Value* list = group.source->find("nodes");
  if (list == nullptr) list = group.source->find("node");
  if (list != nullptr && list->type != Type::array) return;
  if (group.settings.nodes.empty()) {
    item_at(*group.source, "group", "nodes", problems).problem("the group has no nodes");
    return;
  }
  check_node_loops(group, problems);
  check_node_twice(group, problems);
}

void check_health(const Draft::Group& group, Problems& problems) {
  const HealthPolicy& health = group.settings.health;
  if (health.down_after >= health.timeout) return;
  const Value* table = group.source->find("health");
  if (table == nullptr || table->type != Type::table) return;
  const auto key = table->find("down_after") != nullptr ? "down_after" : "timeout";
  item_at(*table, "group.health", key, problems).problem("down_after must not be shorter than timeout");
}

/// True where the key is written, and not as the empty text that means none; also where its value could not be read.
bool is_given(const Value& table, std::string_view key) {
  const Value* value = table.find(key);
  return value != nullptr && !(value->type == Type::string && value->text.empty());
}

/// True where a word is absent or could be read; else the rules that follow from the word cannot be checked.
template <class E>
bool is_known(const Value& table, std::string_view key, const Words<E>& words) {
  const Value* written = table.find(key);
  return written == nullptr || std::ranges::any_of(words, [&](const Word<E>& word) {
           return written->type == Type::string && written->text == word.text && word.value;
         });
}

void check_needs(const Draft::Group& group, std::string_view key, std::string_view other, Problems& problems) {
  const Value* value = group.source->find(key);
  const bool wanted = value != nullptr && value->type == Type::string && !value->text.empty();
  if (wanted && !is_given(*group.source, other))
    item_at(*group.source, "group", key, problems).problem(fmt::format("needs {} as well", other));
}

void check_log_in(const Draft::Group& group, Problems& problems) {
  check_needs(group, "username", "password_file", problems);
  check_needs(group, "replication_username", "replication_password_file", problems);
  check_needs(group, "replication_password_file", "replication_username", problems);
}

void check_tls(const Draft::Group& group, Problems& problems) {
  check_needs(group, "cert_file", "key_file", problems);
  check_needs(group, "key_file", "cert_file", problems);
  if (!is_known(*group.source, "tls", tls_words)) return;
  const Tls mode = group.settings.tls.mode;
  for (const auto key : {"ca_file", "cert_file", "key_file"})
    if (mode == Tls::off && is_given(*group.source, key))
      item_at(*group.source, "group", key, problems).problem("is of no use with tls = \"off\"");
  // An operator who names a CA expects certificates to be checked against it.
  if ((mode == Tls::prefer || mode == Tls::require) && is_given(*group.source, "ca_file"))
    item_at(*group.source, "group", "ca_file", problems).problem("certificates are checked with tls = \"verify\" only");
}

/// The tables of that name within a group: one, those of its nodes, or none.
std::vector<const Value*> tables_of(const Draft::Group& group, std::string_view name) {
  if (name == "group") return {group.source};
  const Value* found = group.source->find(name.substr(name.find('.') + 1));
  if (found == nullptr) return {};
  if (found->type == Type::table) return {found};
  std::vector<const Value*> tables;
  for (const Value& item : found->items)
    if (item.type == Type::table) tables.push_back(&item);
  return tables;
}

void check_kind(const Draft::Group& group, Problems& problems) {
  if (!is_known(*group.source, "kind", kind_words)) return;
  for (const KindKey& one : keys_of_one_kind()) {
    if (one.kind == group.settings.kind) continue;
    for (const Value* table : tables_of(group, one.table)) {
      if (table->find(one.key) == nullptr) continue;
      item_at(*table, one.table, one.key, problems)
          .problem(one.kind == Kind::mysql ? "is of MySQL groups" : "is of Redis groups");
    }
  }
}

void check_admin(const Draft& draft, Problems& problems) {
  const AdminSettings& admin = draft.settings.admin;
  const Value* table = draft.source->find("admin");
  if (table != nullptr && is_given(*table, "password_file")) return;  // or a finding already
  if (!is_loopback(admin.listen))
    main_item(draft, "admin", "listen", problems).problem("must be a loopback address unless password_file is given");
  if (admin.auth_required == AuthRequired::all)
    main_item(draft, "admin", "auth_required", problems).problem("\"all\" needs password_file as well");
}

void check_proxy(const Draft& draft, Problems& problems) {
  if (draft.settings.proxy.state_dir.empty())
    main_item(draft, "proxy", "state_dir", problems).problem("must not be empty");
}

}  // namespace

void check(const Draft& draft, std::vector<Problem>& problems) {
  check_proxy(draft, problems);
  check_admin(draft, problems);
  check_group_names(draft, problems);
  check_listeners(draft, problems);
  for (const auto& group : draft.groups) {
    check_required(group, problems);
    check_nodes(group, problems);
    check_health(group, problems);
    check_log_in(group, problems);
    check_tls(group, problems);
    check_kind(group, problems);
  }
}

}  // namespace sengu::config
