// The whole schema (deploy/manual/reference.md) as lists of keys, one list per table; both reading and printing follow
// them. A key that is not supported yet stands there without a reader. Knows no file and no rule that spans two keys.
#pragma once

#include <span>

#include "config/reader.hpp"
#include "config/settings.hpp"

namespace sengu::config {

const Keys<ProxySettings>& proxy_keys();
const Keys<AdminSettings>& admin_keys();
const Keys<HttpSettings>& http_keys();
const Keys<LogSettings>& log_keys();
const Keys<GroupSettings>& group_keys();
const Keys<HealthPolicy>& health_keys();
const Keys<FailoverPolicy>& failover_keys();
const Keys<NodeSettings>& node_keys();

/// A key that groups of one kind have, and others have not. `table`: "group", "group.health" or "group.failover".
struct KindKey {
  std::string_view table;
  std::string_view key;
  Kind kind;
};
std::span<const KindKey> keys_of_one_kind();
/// Whether groups of this kind have the key; most are of every kind.
bool has_key(Kind kind, std::string_view table, std::string_view key);

/// A text in TOML's double quotes.
std::string quote(std::string_view text);

}  // namespace sengu::config
