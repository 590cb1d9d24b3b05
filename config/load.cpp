// The top level of the file: which sections there are, and what is included. An included file holds [[group]] only, so
// that reading one never changes what another means.
#include "config/load.hpp"

#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <set>

#include <fmt/format.h>

#include "config/check.hpp"
#include "config/schema.hpp"
#include "config/source.hpp"

namespace sengu::config {
namespace {

namespace fs = std::filesystem;

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "sengu";
}

bool is_pattern(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

/// The files a pattern stands for, sorted by name (glob(3) sorts). The folder is taken as it is.
std::vector<fs::path> expand(const fs::path& folder, const std::string& pattern) {
  std::string escaped;
  for (const char c : folder.string())
    escaped += is_pattern({&c, 1}) || c == '\\' ? std::string{'\\', c} : std::string{c};
  const fs::path whole = fs::path(escaped) / pattern;
  glob_t found{};
  std::vector<fs::path> files;
  if (glob(whole.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return files;
}

class Loader {
 public:
  Loaded load(const fs::path& file);

 private:
  void read_groups(const Item& item);
  void read_includes(const Item& item);
  void read_include(const Item& item);
  void read_included(const fs::path& file, const Item& from);
  void check_any_group(const fs::path& file);
  const Value* source(const fs::path& file);

  static const Keys<Loader>& main_keys();
  static const Keys<Loader>& included_keys();

  Draft draft_;
  std::deque<Value> sources_;  // findings and the draft point into them
  std::set<fs::path> seen_;
  fs::path folder_;  // of the main file
  std::vector<Problem> problems_;
};

const Value* Loader::source(const fs::path& file) {
  auto value = read_source(file, problems_);
  return value ? &sources_.emplace_back(std::move(*value)) : nullptr;
}

void Loader::read_groups(const Item& item) {
  if (item.value().type == Type::table) {
    item.problem("write [[group]], with double brackets");
    return;
  }
  if (!require(item, Type::array)) return;
  for (const Value& value : item.value().items) {
    const Item element = item.element(value);
    if (!require(element, Type::table)) continue;
    Draft::Group& group = draft_.groups.emplace_back(Draft::Group{{}, &value});
    read_table(element, group_keys(), group.settings);
  }
}

void Loader::read_included(const fs::path& file, const Item& from) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(file, error);
  if (!seen_.insert(error ? file : real).second) {
    from.problem(fmt::format("\"{}\" is included already, or is this file itself", file.string()));
    return;
  }
  const Value* value = source(file);
  if (value != nullptr) read_table(Item(*value, "", problems_), included_keys(), *this);
}

void Loader::read_include(const Item& item) {
  const auto text = read_text(item);
  if (!text) return;
  const fs::path path = folder_ / *text;
  std::error_code error;
  if (is_pattern(*text)) {
    for (const fs::path& file : expand(folder_, *text)) read_included(file, item);
  } else if (text->empty() || !fs::exists(path, error)) {
    item.problem(fmt::format("\"{}\": No such file or directory", *text));
  } else {
    read_included(path, item);
  }
}

void Loader::read_includes(const Item& item) {
  if (!require(item, Type::array)) return;
  for (const Value& value : item.value().items) read_include(item.element(value));
}

const Keys<Loader>& Loader::main_keys() {
  const auto section = [](std::string_view name, auto member, const auto& keys) {
    return Key<Loader>{
        name,
        [member, &keys](const Item& item, Loader& loader) { read_table(item, keys, loader.draft_.settings.*member); },
        {}};
  };
  static const Keys<Loader> keys{
      {"include", [](const Item& item, Loader& loader) { loader.read_includes(item); }, {}},
      section("proxy", &Settings::proxy, proxy_keys()),
      section("admin", &Settings::admin, admin_keys()),
      section("http", &Settings::http, http_keys()),
      section("log", &Settings::log, log_keys()),
      {"hooks", {}, {}},
      {"cluster", {}, {}},
      {"sentinel", {}, {}},
      {"vip", {}, {}},
      {"group", [](const Item& item, Loader& loader) { loader.read_groups(item); }, {}},
  };
  return keys;
}

const Keys<Loader>& Loader::included_keys() {
  static const Keys<Loader> keys = [] {
    Keys<Loader> only_groups = main_keys();
    for (Key<Loader>& key : only_groups)
      if (key.name != "group")
        key.read = [](const Item& item, Loader&) { item.problem("an included file may only hold [[group]]"); };
    return only_groups;
  }();
  return keys;
}

/// Adds a finding where there is no group, unless groups may stand in a part that could not be read.
void Loader::check_any_group(const fs::path& file) {
  const std::set<std::string_view> hiding{"file", "syntax", "include", "group"};
  const bool hidden =
      std::ranges::any_of(problems_, [&](const Problem& problem) { return hiding.contains(problem.key); });
  if (draft_.groups.empty() && !hidden) problems_.push_back({file.string(), 1, "group", "there is no [[group]]"});
}

Loaded Loader::load(const fs::path& file) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(file, error);
  seen_.insert(error ? file : real);
  folder_ = file.parent_path();
  draft_.settings.proxy.name = host_name();
  draft_.source = source(file);
  if (draft_.source != nullptr) {
    read_table(Item(*draft_.source, "", problems_), main_keys(), *this);
    check_any_group(file);
    check(draft_, problems_);
  }
  Loaded loaded;
  loaded.problems = std::move(problems_);
  sort(loaded.problems);
  if (!loaded.problems.empty()) return loaded;
  for (auto& group : draft_.groups) draft_.settings.groups.push_back(std::move(group.settings));
  loaded.settings = std::move(draft_.settings);
  return loaded;
}

}  // namespace

Loaded load(const std::filesystem::path& file) {
  try {
    return Loader().load(file);
  } catch (const std::exception& error) {
    return {std::nullopt, {{file.string(), 1, "file", error.what()}}};
  }
}

}  // namespace sengu::config
