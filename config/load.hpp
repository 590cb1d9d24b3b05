// From a file on disk to checked settings, or to everything that is wrong with it in one go.
// Knows which sections there are; the keys within them are in schema.hpp, the syntax is in source.hpp.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "config/errors.hpp"
#include "config/settings.hpp"

namespace sengu::config {

struct Loaded {
  std::optional<Settings> settings;  // set exactly when there are no problems
  std::vector<Problem> problems;     // sorted by file and line
};

/// Reads the file and what it includes. Never throws.
Loaded load(const std::filesystem::path& file);

}  // namespace sengu::config
