// The command line (design §3): parses it, runs the verb, returns the exit code.
// Knows the verbs by name and options; what they do is in verbs.hpp.
#pragma once

namespace sengu::proxy {

/// Exit codes that scripts rely on.
enum ExitCode : int {
  exit_done = 0,
  exit_refused = 1,         // refused or failed; reason on stderr
  exit_usage = 2,
  exit_unreachable = 3,     // admin port not reachable, or log-in failed
  exit_configuration = 78,
};

int cli_main(int argc, char** argv);

}  // namespace sengu::proxy
