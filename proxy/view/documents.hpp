// The JSON documents of groups: what /api/v1 serves and what every verb's --json prints. Pure. Fields are added, never
// renamed. Those of events are in proxy/events/documents.hpp.
#pragma once

#include <optional>
#include <string_view>

#include <boost/json/object.hpp>

#include "proxy/view/snapshot.hpp"

namespace sengu::proxy {

/// {"version":1,"proxy":...,"time":...,"groups":[...]}; with `only` just that group.
boost::json::object groups_document(const Snapshot& snapshot, std::optional<health::GroupId> only = std::nullopt);

/// {"result":...}: what `failover`, `pause` and `resume` print with --json when they are done.
boost::json::object operation_document(std::string_view result);

/// "auto" | "manual" | "observe", "redis" | "mysql" | "tcp": as in the configuration.
std::string_view to_string(config::Mode mode);
std::string_view to_string(config::Kind kind);

}  // namespace sengu::proxy
