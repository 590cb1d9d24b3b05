// An assertion that stays on in release: a broken invariant ends the process, and the end of a process is always a
// safe cut (RULES §3.4). Not for bad input, which gets an error of its own.
#pragma once

#include <cstdio>
#include <cstdlib>

#define SENGU_ASSERT(condition)                                                                                  \
  ((condition) ? static_cast<void>(0)                                                                            \
               : (std::fprintf(stderr, "sengu: assertion failed: %s (%s:%d)\n", #condition, __FILE__, __LINE__), \
                  std::abort()))
