// Tables and colour for people at a terminal. Pure: whether there is a terminal is the caller's to know.
#pragma once

#include <string>
#include <vector>

namespace sengu::proxy {

enum class Colour { off, on };
enum class Paint { plain, good, warn, bad, bold };

std::string paint(const std::string& word, Paint paint, Colour colour);

struct Cell {
  std::string text;
  Paint paint = Paint::plain;
};
using Row = std::vector<Cell>;

/// Columns as wide as their widest cell (in bytes: names are ASCII in practice), two blanks between, and before the
/// first.
std::string text_table(const std::vector<Row>& rows, Colour colour);

}  // namespace sengu::proxy
