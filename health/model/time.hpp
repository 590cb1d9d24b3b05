// Time as the core sees it: a value that is handed in. Nothing below health/core reads a clock.
#pragma once

#include <chrono>

namespace sengu::health {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::nanoseconds;

}  // namespace sengu::health
