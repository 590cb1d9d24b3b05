// The exit codes that scripts rely on, with what each says: --help and the reference are made of this list.
#pragma once

#include <array>
#include <string_view>

namespace sengu::proxy {

enum ExitCode : int {
  exit_done = 0,
  exit_refused = 1,
  exit_usage = 2,
  exit_unreachable = 3,
  exit_state_dir_in_use = 75,
  exit_configuration = 78,
};

struct ExitMeaning {
  ExitCode code;
  std::string_view meaning;
};

inline constexpr std::array exit_meanings{
    ExitMeaning{exit_done, "done"},
    ExitMeaning{exit_refused, "refused or failed; the reason is on stderr"},
    ExitMeaning{exit_usage, "usage"},
    ExitMeaning{exit_unreachable, "admin port not reachable, or log-in failed"},
    ExitMeaning{exit_state_dir_in_use, "state_dir in use"},
    ExitMeaning{exit_configuration, "configuration"},
};

}  // namespace sengu::proxy
