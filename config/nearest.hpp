// Which of the known words a mistyped one is closest to; for keys here, for verbs and groups elsewhere.
// Knows no list of words: they are handed in.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace sengu::config {

/// How many letters must be inserted, deleted or replaced to turn one word into the other.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// The first of the closest words; empty where there are none.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace sengu::config
