// What is wrong with a configuration, one value per finding, so that all of them are told in one go.
// Knows neither TOML nor how findings are shown.
#pragma once

#include <string>
#include <vector>

namespace sengu::config {

/// One finding. `line` counts from 1; `key` is the path of the key ("group.health.interval"), or "file" or "syntax".
struct Problem {
  std::string file;
  int line = 1;
  std::string key;
  std::string what;
};

/// "file:line: key: what".
std::string to_string(const Problem& problem);

/// By file, then by line.
void sort(std::vector<Problem>& problems);

}  // namespace sengu::config
