// The rules that span several keys: what must be there, what must not be there twice, what contradicts what. Takes
// settings as read, and the values they came from, for their lines.
#pragma once

#include <vector>

#include "config/errors.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"

namespace sengu::config {

/// Settings as read, with where they came from.
struct Draft {
  struct Group {
    GroupSettings settings;
    const Value* source;
  };
  Settings settings;  // without groups
  std::vector<Group> groups;
  const Value* source;  // the main file
};

void check(const Draft& draft, std::vector<Problem>& problems);

}  // namespace sengu::config
