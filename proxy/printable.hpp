// Text that came from outside (a node's error line, a client's argument) made harmless before a person or a parser
// sees it: no control characters, only valid UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace sengu::proxy {

/// Each control character, and each byte that is not part of valid UTF-8, becomes '?'.
std::string printable(std::string_view text);

}  // namespace sengu::proxy
