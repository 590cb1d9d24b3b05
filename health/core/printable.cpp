#include "health/core/printable.hpp"

#include <algorithm>

namespace sengu::health {

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 200;
  std::string clean(text.substr(0, longest));
  std::replace_if(clean.begin(), clean.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return clean;
}

}  // namespace sengu::health
