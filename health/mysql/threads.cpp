#include "health/mysql/threads.hpp"

#include <signal.h>

#include <condition_variable>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>

#include "health/mysql/client.hpp"

namespace sengu::health::mysql {

namespace {

/// Signals are blocked while a thread is made, which inherits that. SIGPIPE too: OpenSSL writes without MSG_NOSIGNAL.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

class Threads {
 public:
  /// Lives until static objects are destroyed, after main().
  static Threads& all() {
    static Threads threads;
    return threads;
  }

  bool start(const std::shared_ptr<Job>& job) {
    const std::lock_guard lock(mutex_);
    join_ended();
    const auto place = running_.insert(running_.end(), Entry{job, {}});
    try {
      const NoSignals no_signals;
      place->thread = std::thread([this, place, own = job]() mutable { run(place, std::move(own)); });
    } catch (const std::system_error&) {
      running_.erase(place);
      return false;
    }
    return true;
  }

 private:
  struct Entry {
    std::weak_ptr<Job> job;
    std::thread thread;
  };
  using Place = std::list<Entry>::iterator;

  Threads() { begin_library(); }

  ~Threads() {
    std::unique_lock lock(mutex_);
    for (const auto& entry : running_) {
      if (const auto job = entry.job.lock()) job->stop();
    }
    one_ended_.wait(lock, [this] { return running_.empty(); });
    join_ended();
    lock.unlock();
    end_library();
  }

  void run(Place place, std::shared_ptr<Job> job) {
    begin_library_thread();
    job->run();
    job.reset();
    end_library_thread();
    const std::lock_guard lock(mutex_);
    ended_.splice(ended_.end(), running_, place);
    one_ended_.notify_one();
  }

  /// An ended thread releases the mutex as its last act, so that join() takes no time. Requires the mutex.
  void join_ended() {
    for (auto& entry : ended_) entry.thread.join();
    ended_.clear();
  }

  std::mutex mutex_;
  std::condition_variable one_ended_;
  std::list<Entry> running_;
  std::list<Entry> ended_;
};

}  // namespace

bool start_thread(const std::shared_ptr<Job>& job) { return Threads::all().start(job); }

}  // namespace sengu::health::mysql
