// Levenshtein's distance, one row at a time.
#include "config/nearest.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace sengu::config {

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
  word = word.substr(0, 64);  // a key of megabytes is nobody's typing error
  std::string_view best;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const auto candidate : known) {
    const auto distance = edit_distance(word, candidate);
    if (distance < least) best = candidate, least = distance;
  }
  return best;
}

}  // namespace sengu::config
