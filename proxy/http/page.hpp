// The page behind "/": self-contained, no outside resource; it asks /api/v1/groups once a second.
// A constant text: nothing of the running program is in it.
#pragma once

#include <string_view>

namespace sengu::proxy {

extern const std::string_view status_page;

}  // namespace sengu::proxy
