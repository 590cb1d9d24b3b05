// The threads for blocking calls, each for one connection and as long as that connection lives. Owns them: the process
// ends only after all of them. Knows nothing of what they do.
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

/// Runs the job on a thread of its own, which shares the ownership until run() returns. False where the system has no
/// thread left. The thread takes no signals: they are the main thread's.
bool start_thread(const std::shared_ptr<Job>& job);

}  // namespace sengu::health::mysql
