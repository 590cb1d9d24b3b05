#include "health/mysql/table.hpp"

#include <algorithm>

namespace sengu::health::mysql {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::optional<std::string_view> Table::find(std::size_t row, std::string_view column) const {
  const auto named =
      std::find_if(columns.begin(), columns.end(), [&](const auto& one) { return same_name(one, column); });
  const auto at = static_cast<std::size_t>(named - columns.begin());
  if (named == columns.end() || row >= rows.size() || at >= rows[row].size() || !rows[row][at]) return std::nullopt;
  return *rows[row][at];
}

std::optional<std::string_view> Table::value_of(std::string_view name) const {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto& fields = rows[row];
    if (fields.size() >= 2 && fields[0] && fields[1] && same_name(*fields[0], name)) return *fields[1];
  }
  return std::nullopt;
}

/// The library's own numbers are 2000 to 2999, and 5000 to 5099 (errmsg.h). MySQL's X plugin uses the latter as well,
/// but an error of that plugin never comes this way.
bool is_from_server(const Failure& failure) {
  const auto number = failure.number;
  return number >= 1000 && (number < 2000 || number > 2999) && (number < 5000 || number > 5099);
}

}  // namespace sengu::health::mysql
