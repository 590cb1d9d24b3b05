// The text and the order of findings.
#include "config/errors.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace sengu::config {

std::string to_string(const Problem& problem) {
  return fmt::format("{}:{}: {}: {}", problem.file, problem.line, problem.key, problem.what);
}

void sort(std::vector<Problem>& problems) {
  std::ranges::stable_sort(problems, {}, [](const Problem& p) { return std::tie(p.file, p.line, p.key, p.what); });
}

}  // namespace sengu::config
