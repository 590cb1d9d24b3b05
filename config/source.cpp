// The only file that knows toml11. Lines are looked up in an index of line ends, as toml11 counts newlines from the
// start of the file for each value, which is quadratic. Knows no key.
#include "config/source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include <toml.hpp>

#include "config/traps.hpp"

namespace sengu::config {
namespace {

using Toml = toml::basic_value<toml::discard_comments, std::map, std::vector>;

constexpr std::size_t largest_file = 1u << 20;  // thousands of groups; more fit into included files

/// Turns toml11's tree into ours.
class Converter {
 public:
  Converter(std::string file, const std::string& text) : file_(std::make_shared<const std::string>(std::move(file))) {
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
      line_ends_.push_back(at);
  }

  Value convert(const Toml& from) const {
    Value value;
    value.file = file_;
    const auto* region = dynamic_cast<const toml::detail::region*>(toml::detail::get_region(from));
    if (region != nullptr) value.line = line_of(static_cast<std::size_t>(region->first() - region->begin()));
    switch (from.type()) {
      case toml::value_t::boolean:
        value.type = Type::boolean;
        value.boolean = from.as_boolean();
        break;
      case toml::value_t::integer: convert_integer(from, region == nullptr ? "" : region->str(), value); break;
      case toml::value_t::floating: value.type = Type::floating; break;
      case toml::value_t::string:
        value.type = Type::string;
        value.text = from.as_string().str;
        break;
      case toml::value_t::array:
        value.type = Type::array;
        for (const Toml& item : from.as_array()) value.items.push_back(convert(item));
        break;
      case toml::value_t::table:
        value.type = Type::table;
        for (const auto& [key, item] : from.as_table()) value.table.emplace(key, convert(item));
        break;
      default: value.type = Type::date;
    }
    return value;
  }

 private:
  int line_of(std::size_t offset) const {
    return 1 + static_cast<int>(std::ranges::lower_bound(line_ends_, offset) - line_ends_.begin());
  }

  // toml11 saturates beyond 64 bits and says nothing, so the digits are read again.
  static void convert_integer(const Toml& from, std::string text, Value& value) {
    value.text = text;
    value.integer = from.as_integer();
    std::erase(text, '_');
    int base = 10;
    if (text.starts_with("0x")) base = 16;
    if (text.starts_with("0o")) base = 8;
    if (text.starts_with("0b")) base = 2;
    errno = 0;
    std::strtoll(text.c_str() + (base == 10 ? 0 : 2), nullptr, base);
    value.type = errno == ERANGE ? Type::oversized_integer : Type::integer;
  }

  std::shared_ptr<const std::string> file_;
  std::vector<std::size_t> line_ends_;
};

/// toml11's several lines of explanation, as the one line and the place that matter.
Problem syntax_problem(const std::string& file, const toml::syntax_error& error) {
  Problem problem{file, static_cast<int>(error.location().line()), "syntax", ""};
  std::istringstream lines(error.what());
  std::string title, line, detail;
  std::getline(lines, title);
  if (title.starts_with("[error] ")) title.erase(0, 8);
  if (title.starts_with("toml::")) title.erase(0, std::min(title.size(), title.find(": ") + 2));
  bool underline_next = false;
  while (std::getline(lines, line)) {
    const auto bar = line.find(" | ");
    const auto digit = line.find_first_not_of(' ');
    if (bar != std::string::npos && digit < bar && line.find_first_not_of("0123456789", digit) == bar) {
      problem.line = std::atoi(line.c_str() + digit);  // the last place shown is where the second definition stands
      underline_next = true;
    } else if (underline_next && bar != std::string::npos) {
      const auto mark = line.find_first_of("^~", bar);
      const auto words = mark == std::string::npos ? mark : line.find(' ', mark);
      detail = words == std::string::npos ? "" : line.substr(words + 1);
      underline_next = false;
    }
  }
  while (!title.empty() && (title.back() == ' ' || title.back() == '.')) title.pop_back();
  if (detail == "here") detail.clear();
  problem.what = title + (title.empty() || detail.empty() ? "" : ": ") + detail;
  return problem;
}

}  // namespace

FileText read_file(const std::filesystem::path& file, std::size_t most) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) return {"", "is a directory"};
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) return {"", std::strerror(errno == 0 ? EIO : errno)};
  std::string text;
  char block[16384];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
    if (text.size() > most) return {"", "is larger than " + std::to_string(most) + " bytes"};
  }
  if (in.bad()) return {"", std::strerror(errno == 0 ? EIO : errno)};
  return {std::move(text), ""};
}

std::optional<Value> read_source(const std::filesystem::path& file, std::vector<Problem>& problems) {
  const std::string name = file.string();
  const FileText read = read_file(file, largest_file);
  if (!read.error.empty()) {
    problems.push_back({name, 1, "file", read.error});
    return std::nullopt;
  }
  if (const auto trap = find_trap(read.text)) {
    problems.push_back({name, trap->line, "syntax", trap->what});
    return std::nullopt;
  }
  try {
    std::istringstream text(read.text);
    return Converter(name, read.text).convert(toml::parse<toml::discard_comments, std::map, std::vector>(text, name));
  } catch (const toml::syntax_error& error) {
    problems.push_back(syntax_problem(name, error));
  } catch (const std::exception& error) {
    problems.push_back({name, 1, "syntax", error.what()});
  }
  return std::nullopt;
}

}  // namespace sengu::config
