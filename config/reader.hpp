// Typed reading of one value at a time: each function either returns a value or adds one finding. And the loop that
// reads a table by a list of keys. Knows no key by name.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/base/types.hpp"
#include "config/errors.hpp"
#include "config/value.hpp"

namespace sengu::config {

/// A value under its key, and where findings about it go.
class Item {
 public:
  Item(const Value& value, std::string key, std::vector<Problem>& problems)
      : value_(value), key_(std::move(key)), problems_(problems) {}

  const Value& value() const { return value_; }
  const std::string& key() const { return key_; }
  /// Adds a finding at this value's line.
  void problem(std::string what) const;
  /// The value under `name` in this table ("" as own key: the top level).
  Item child(std::string_view name, const Value& value) const;
  /// An element of this array: same key, own line.
  Item element(const Value& value) const { return {value, key_, problems_}; }

 private:
  const Value& value_;
  std::string key_;
  std::vector<Problem>& problems_;
};

struct IntegerRange {
  std::int64_t least;
  std::int64_t most;
};
struct DurationRange {
  std::chrono::microseconds least;
  std::chrono::microseconds most;
};
enum class Port { required, any };  // any: 0 lets the system choose

/// Adds a finding unless the value has this type.
bool require(const Item& item, Type type);

std::optional<std::string> read_text(const Item& item);
std::optional<bool> read_boolean(const Item& item);
std::optional<std::int64_t> read_integer(const Item& item, IntegerRange range);
std::optional<std::chrono::microseconds> read_duration(const Item& item, DurationRange range);
/// Of whole milliseconds.
std::optional<Milliseconds> read_milliseconds(const Item& item, DurationRange range);
std::optional<Endpoint> read_endpoint(const Item& item, Port port);
std::optional<Network> read_network(const Item& item);
/// A text of letters, digits and `_.-`, and of `more`.
std::optional<std::string> read_name(const Item& item, std::string_view more);
/// The contents of the file that the value names, less one trailing newline. A path is relative to the file it is
/// written in; "" means none and gives an empty secret.
std::optional<Secret> read_password_file(const Item& item);
/// The absolute path of a file that can be read now, from a path relative to the file it is written in; "" means none
/// and stays so.
std::optional<std::string> read_path(const Item& item);

/// What to say about a key that is not in the list.
std::string unknown_key(std::string_view key, const std::vector<std::string_view>& known);

/// A key of a table that means a T: how it is read, and how it is printed.
template <class T>
struct Key {
  std::string_view name;
  std::function<void(const Item&, T&)> read;   // empty: known, not supported yet
  std::function<std::string(const T&)> print;  // as TOML; empty function or text: not printed
};
template <class T>
using Keys = std::vector<Key<T>>;

/// Reads a table by its list of keys.
template <class T>
void read_table(const Item& table, const Keys<T>& keys, T& into) {
  if (!require(table, Type::table)) return;
  std::vector<std::string_view> names;
  for (const Key<T>& key : keys) names.push_back(key.name);
  for (const auto& [name, value] : table.value().table) {
    const Item item = table.child(name, value);
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) {
      item.problem(unknown_key(name, names));
      continue;
    }
    const Key<T>& key = keys[static_cast<std::size_t>(at - names.begin())];
    if (key.read) key.read(item, into);
    else item.problem("not supported yet");
  }
}

}  // namespace sengu::config
