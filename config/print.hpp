// The effective settings as a file that loads again (tests/fuzz/config holds it to that).
// Knows no secret: a password shows as "***", in a comment.
#pragma once

#include <string>

#include "config/settings.hpp"

namespace sengu::config {

/// Every supported key with the value in force, as TOML.
std::string print(const Settings& settings);

}  // namespace sengu::config
