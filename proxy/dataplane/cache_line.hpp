// The processor's cache line: what must not share one, and what is worth fetching before it is looked at.
#pragma once

#include <cstddef>

namespace sengu::proxy {

inline constexpr std::size_t cache_line = 64;  // bytes

/// Fetches the first lines of an object that is looked at soon.
inline void fetch_ahead(const void* object, std::size_t lines) {
  for (std::size_t line = 0; line < lines; ++line)
    __builtin_prefetch(static_cast<const char*>(object) + line * cache_line);
}

}  // namespace sengu::proxy
