// A configuration file as a tree of values, each of which knows its file and line. The only form in which the rest of
// config/ sees a file: toml11 ends in source.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sengu::config {

enum class Type { boolean, integer, oversized_integer, floating, string, date, array, table };

struct Value {
  Type type = Type::table;
  std::shared_ptr<const std::string> file;
  int line = 1;
  std::string text;  // of a string; of an integer, as written
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<Value> items;                         // of an array
  std::map<std::string, Value, std::less<>> table;  // of a table

  const Value* find(std::string_view key) const {
    const auto at = table.find(key);
    return at == table.end() ? nullptr : &at->second;
  }
};

}  // namespace sengu::config
