#include "proxy/view/text_table.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace sengu::proxy {

std::string paint(const std::string& word, Paint paint, Colour colour) {
  static constexpr std::array<const char*, 5> codes{"", "32", "33", "31", "1"};
  if (colour == Colour::off || paint == Paint::plain) return word;
  return fmt::format("\x1b[{}m{}\x1b[0m", codes[static_cast<std::size_t>(paint)], word);
}

std::string text_table(const std::vector<Row>& rows, Colour colour) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (widths.size() <= column) widths.push_back(0);
      widths[column] = std::max(widths[column], row[column].text.size());
    }
  std::string out;
  for (const auto& row : rows) {
    out += "  ";
    for (std::size_t column = 0; column < row.size(); ++column) {
      out += paint(row[column].text, row[column].paint, colour);
      if (column + 1 < row.size()) out += std::string(widths[column] - row[column].text.size() + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace sengu::proxy
