// What a test asks of a text: whether a part stands in it.
#pragma once

#include <string>
#include <string_view>

namespace sengu::test {

inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace sengu::test
