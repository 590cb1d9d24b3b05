// "Did you mean ...": which of the known words a mistyped one stands for. One rule for keys, verbs, groups and nodes.
// Knows no list of words: they are handed in.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sengu {

/// How many letters must be inserted, deleted or replaced to turn one word into the other.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// The first of the closest words, letters compared without case. Empty where none is near enough: more than a third of
/// the word would have to change, and more than two letters; or all of it.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

/// "; did you mean 'x'?", or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace sengu
