// What the operating system counts for this process, for the usual process_* metrics.
// Reads /proc; may be called on any thread. Knows no metric.
#pragma once

namespace sengu::proxy {

struct ProcessFacts {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since 1970
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double threads = 0;
};

ProcessFacts process_facts();

}  // namespace sengu::proxy
