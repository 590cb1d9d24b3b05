// The durable memory of the decision: the newest JournalRecord of each group survives a crash of sengu and of the
// machine (RULES §7). Owns the state directory's lock, the file `journal` (two slots per group) and the thread that
// writes it. Knows nothing of what a record means.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "health/journal/file.hpp"
#include "health/model/journal_record.hpp"

namespace sengu::health {

class Journal {
 public:
  using Done = std::function<void(bool ok)>;

  /// The name in `damaged()` of a group whose two slots are so broken that its own name is lost. Any configured group
  /// without a record may be that group, and must be treated as damaged.
  static constexpr const char* unknown_group = "?";

  /// Makes and locks the directory, reads all slots, starts the thread. Throws StateDirInUse (exit 75),
  /// std::system_error (directory or file unusable) or std::runtime_error (written by another version of the format, or
  /// in a phase that only a newer sengu knows).
  explicit Journal(const std::filesystem::path& state_dir);
  /// For tests: with a file that may fail.
  Journal(const std::filesystem::path& state_dir, std::unique_ptr<JournalFile> file);
  /// Writes what is queued, then ends the thread. Completions that are posted already still come.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// As found at the start: the newest valid record of each group. A torn newest slot leaves the one before it.
  const std::map<std::string, JournalRecord>& records() const { return records_; }
  /// As found at the start: groups without a valid slot but with a broken one. Such a group behaves as in mode
  /// `manual`, and its journal is not ok.
  const std::set<std::string>& damaged() const { return damaged_; }

  /// Queues the record and returns at once; any thread. `done` runs on `where` once the record, or a newer one of the
  /// same group, is durable (ok), or could not be written (not ok; the slot before it stays good, and the next write
  /// tries again). `where` is kept running until then, and must outlive the journal.
  void write(JournalRecord record, Done done, boost::asio::io_context& where);

 private:
  struct Job {
    JournalRecord record;
    Done done;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> where;
    bool ok = false;
  };
  /// A group's two slots.
  struct Pair {
    std::size_t index = 0;       // its place in the file
    std::size_t next_slot = 0;   // 0 or 1: never the newest good one
    std::uint64_t sequence = 0;  // of the newest good slot, or of a failed attempt after it
  };
  using Jobs = std::deque<Job>;

  void load();
  void load_pair(std::size_t at, std::span<const std::byte> bytes);
  void run();
  void commit(Jobs& jobs);
  std::error_code write_slot(const JournalRecord& record);
  Pair& pair_of(const std::string& group);

  const net::Fd lock_;
  const std::unique_ptr<JournalFile> file_;
  std::map<std::string, JournalRecord> records_;
  std::set<std::string> damaged_;

  // Of the writing thread alone, once it runs.
  std::map<std::string, Pair> pairs_;
  std::size_t pairs_used_ = 0;
  std::size_t pairs_reserved_ = 0;
  std::vector<std::size_t> nameless_;  // places of damaged pairs without a name: given to the next new group

  std::mutex mutex_;  // guards the two below
  Jobs queue_;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sengu::health
