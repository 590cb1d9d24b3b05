// The page behind "/", made by CMake of the files in page/: self-contained, no outside resource. A constant text:
// nothing of the running program is in it.
#pragma once

#include <string_view>

namespace sengu::proxy {

extern const std::string_view status_page;

}  // namespace sengu::proxy
