// The running program: composes journal, groups, data plane, admin and HTTP ports and the log, and ends them in order.
// The only place that sees all settings.
#pragma once

#include "config/settings.hpp"

namespace sengu::proxy {

/// Runs until SIGTERM or SIGINT. Returns the exit code (exit_code.hpp): 0 after a graceful stop, 1 where an address
/// cannot be bound or the state directory is unusable, 75 where another sengu uses that directory, 78 where a TLS file
/// is bad. Blocks; call once, from the main thread.
int run(config::Settings settings);

}  // namespace sengu::proxy
