// Text that must not reach toml11 3.7.1: what would overflow its stack, keep it busy for ever, or (a literal string
// that is not UTF-8) make it read beyond its buffers. Found by tests/fuzz. Knows no TOML but its strings and comments.
#pragma once

#include <optional>
#include <string_view>

namespace sengu::config {

struct Trap {
  int line;
  const char* what;
};

/// The first trap of a kind; none where the text is fit to be parsed.
std::optional<Trap> find_trap(std::string_view text);

}  // namespace sengu::config
