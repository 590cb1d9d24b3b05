// "Did you mean ...": an unknown verb, group or node names the nearest known one (design §3).
// Owns the wording; the distance is in config/nearest.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sengu::proxy {

/// The name with the smallest edit distance, letters compared without case; empty where nothing is near enough
/// (more than a third of the word would have to change, and more than two letters).
std::string nearest(std::string_view word, const std::vector<std::string>& names);

/// "; did you mean 'x'?", or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names);

}  // namespace sengu::proxy
