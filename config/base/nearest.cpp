// Levenshtein's distance, one row at a time.
#include "config/base/nearest.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace sengu {
namespace {

constexpr std::size_t longest_compared = 128;  // a client's argument may be 64 KiB, a key of a file megabytes

std::string lower(std::string_view word) {
  std::string result(word);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

}  // namespace

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
  if (word.size() > longest_compared) return {};
  const std::string wanted = lower(word);
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto candidate : known) {
    if (candidate.size() > longest_compared) continue;
    const auto distance = edit_distance(wanted, lower(candidate));
    if (distance < least && distance < std::max(word.size(), candidate.size())) best = candidate, least = distance;
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const auto name = nearest(word, known);
  return name.empty() ? std::string() : fmt::format("; did you mean '{}'?", name);
}

}  // namespace sengu
