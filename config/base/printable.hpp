// Text that came from outside (a server's error line, a client's argument) made harmless before a person or a parser
// sees it: no control characters, only valid UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace sengu {

/// Each control character, and each byte that is not part of valid UTF-8, becomes '?'.
std::string printable(std::string_view text);

/// The same of the first 200 bytes: what a server said is a part of one line of the log.
std::string printable_line(std::string_view text);

}  // namespace sengu
