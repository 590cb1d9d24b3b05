// The command line: parses it, runs the verb, returns the exit code.
// Knows the verbs by name and options; what they do is in verbs.hpp.
#pragma once

#include <string>
#include <vector>

#include "proxy/app/exit_code.hpp"

namespace sengu::proxy {

/// Parses and acts; what is said goes to stdout and stderr. Returns an ExitCode. Throws nothing.
int cli_main(int argc, char** argv);

/// A verb as the parser knows it, so that the reference can be compared with the parser.
struct CliVerb {
  std::string name;
  std::string usage;                       // "failover GROUP [--to NODE] [--accept-loss]": all but the options below
  std::vector<std::string> admin_options;  // how the admin port is reached: "--admin HOST:PORT", ...; maybe none
};
std::vector<CliVerb> cli_verbs();

}  // namespace sengu::proxy
