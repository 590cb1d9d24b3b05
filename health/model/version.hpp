// A server's version as numbers, for what depends on it. Pure.
#pragma once

#include <compare>
#include <string_view>

namespace sengu::health {

struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const Version&) const = default;
  /// Servers of one series ("8.4", "10.11") read what the others write.
  Version series() const { return {major, minor, 0}; }
};

/// "7.0.15", "9.7.4-2" (what follows the numbers is left out); what is missing is 0.
Version version_of(std::string_view text);

}  // namespace sengu::health
