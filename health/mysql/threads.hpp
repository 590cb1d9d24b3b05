// The threads on which blocking calls are made, each for one connection and as long as it lives. Owns them: no thread
// outlives the process's main(), which waits for all of them in its end. Knows nothing of what they do.
#pragma once

#include <memory>

namespace sengu::health::mysql {

class Job {
 public:
  virtual ~Job() = default;
  /// On its thread.
  virtual void run() = 0;
  /// On any thread: run() returns soon.
  virtual void stop() = 0;
};

/// Runs the job on a thread of its own, which shares the ownership until run() returns. False where there is no thread to
/// be had. Takes no signals: they are the main thread's.
bool start_thread(const std::shared_ptr<Job>& job);

}  // namespace sengu::health::mysql
