#include "health/journal/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace sengu::health {

namespace fs = std::filesystem;

namespace {

std::error_code last_error() { return {errno, std::system_category()}; }

[[noreturn]] void fail(const char* what, const fs::path& path) {
  throw std::system_error(last_error(), std::string(what) + " " + path.string());
}

std::string in_use_text(const fs::path& state_dir, pid_t pid) {
  const auto who = pid > 0 ? "process " + std::to_string(pid) : std::string("another process");
  return "the state directory " + state_dir.string() + " is in use by " + who;
}

pid_t read_pid(int fd) {
  char text[32] = {};
  return ::pread(fd, text, sizeof text - 1, 0) > 0 ? static_cast<pid_t>(std::strtol(text, nullptr, 10)) : 0;
}

void make_directory(const fs::path& state_dir) {
  std::error_code error;
  if (fs::is_directory(state_dir, error)) return;
  if (state_dir.has_parent_path()) fs::create_directories(state_dir.parent_path(), error);
  if (::mkdir(state_dir.c_str(), 0700) != 0 && errno != EEXIST) fail("cannot make the state directory", state_dir);
}

}  // namespace

StateDirInUse::StateDirInUse(const fs::path& state_dir, pid_t pid)
    : std::runtime_error(in_use_text(state_dir, pid)), pid_(pid) {}

net::Fd lock_state_dir(const fs::path& state_dir) {
  make_directory(state_dir);
  const auto path = state_dir / "lock";
  net::Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) fail("cannot open", path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) throw StateDirInUse(state_dir, read_pid(lock.get()));
    fail("cannot lock", path);
  }
  const auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0 || ::pwrite(lock.get(), pid.data(), pid.size(), 0) < 0) {
    // A full disk: the lock itself holds, only its pid is missing.
  }
  return lock;
}

PosixJournalFile::PosixJournalFile(const fs::path& path)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (!file_) fail("cannot open", path);
  const net::Fd directory(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) fail("cannot sync the directory of", path);
}

std::vector<std::byte> PosixJournalFile::read_all() {
  std::vector<std::byte> bytes;
  std::byte chunk[64 * 1024];
  for (;;) {
    const auto got = ::pread(file_.get(), chunk, sizeof chunk, static_cast<off_t>(bytes.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(last_error(), "cannot read the journal");
    if (got == 0) return bytes;
    bytes.insert(bytes.end(), chunk, chunk + got);
  }
}

std::error_code PosixJournalFile::reserve(std::uint64_t bytes) {
  const int error = ::posix_fallocate(file_.get(), 0, static_cast<off_t>(bytes));
  if (error != 0) return {error, std::system_category()};
  return ::fsync(file_.get()) == 0 ? std::error_code{} : last_error();
}

std::error_code PosixJournalFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto written = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_error();
    if (written == 0) return std::make_error_code(std::errc::io_error);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

std::error_code PosixJournalFile::sync() { return ::fdatasync(file_.get()) == 0 ? std::error_code{} : last_error(); }

}  // namespace sengu::health
