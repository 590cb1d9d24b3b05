// The files of the state directory: the lock that keeps a second sengu out, and the journal's bytes. Knows offsets and
// errno, no slot and no record. A test replaces JournalFile to make writes fail.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "health/net/fd.hpp"

namespace sengu::health {

/// Another process holds the state directory: exit with 75 (EX_TEMPFAIL).
class StateDirInUse : public std::runtime_error {
 public:
  StateDirInUse(const std::filesystem::path& state_dir, pid_t pid);
  /// The process that holds the lock; 0 where the lock file names none.
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

/// Makes the directory (0700, and its parents) where it is missing and locks it (flock on `lock`, which holds our pid).
/// The lock ends with the descriptor, so also with a killed process. Throws StateDirInUse, or std::system_error that
/// names the path.
net::Fd lock_state_dir(const std::filesystem::path& state_dir);

class JournalFile {
 public:
  virtual ~JournalFile() = default;
  /// The whole file. Throws std::system_error.
  virtual std::vector<std::byte> read_all() = 0;
  /// Makes the file at least so long, with blocks allocated, durably.
  virtual std::error_code reserve(std::uint64_t bytes) = 0;
  virtual std::error_code write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  /// fdatasync: what was written is durable where this returns no error.
  virtual std::error_code sync() = 0;
};

class PosixJournalFile final : public JournalFile {
 public:
  /// Opens or creates it (0600), and makes its name durable. Throws std::system_error that names the path.
  explicit PosixJournalFile(const std::filesystem::path& path);
  std::vector<std::byte> read_all() override;
  std::error_code reserve(std::uint64_t bytes) override;
  std::error_code write_at(std::uint64_t offset, std::span<const std::byte> bytes) override;
  std::error_code sync() override;

 private:
  net::Fd file_;
};

}  // namespace sengu::health
