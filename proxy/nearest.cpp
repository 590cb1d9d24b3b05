// See nearest.hpp.
#include "proxy/nearest.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/nearest.hpp"

namespace sengu::proxy {
namespace {

std::string lower(std::string_view word) {
  std::string result(word);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

constexpr std::size_t longest_compared = 128;  // a client's argument may be 64 KiB

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& names) {
  if (word.size() > longest_compared) return {};
  const std::string wanted = lower(word);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& name : names) {
    if (name.size() > longest_compared) continue;
    const auto found = config::edit_distance(wanted, lower(name));
    if (found < best_distance && found < std::max(word.size(), name.size())) {
      best_distance = found;
      best = name;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names) {
  const auto name = nearest(word, names);
  return name.empty() ? std::string() : fmt::format("; did you mean '{}'?", name);
}

}  // namespace sengu::proxy
