// What the fuzz targets share: a property that must hold for every input. Knows no parser.
// libFuzzer saves the input of whatever ends the process.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace sengu::fuzz {

struct Property {
  const char* text;
};

inline void must_hold(Property property, auto&& condition) {
  if (condition) return;
  std::fprintf(stderr, "does not hold: %s\n", property.text);
  std::abort();
}

inline std::string_view text_of(const unsigned char* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace sengu::fuzz
