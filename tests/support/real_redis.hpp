// A real redis-server on a loopback address of its own, for as long as the object lives. It is killed in the end, and
// also where the test process dies first (PR_SET_PDEATHSIG). Knows nothing of sengu but Endpoint.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/base/types.hpp"

namespace sengu::test {

class RealRedis {
 public:
  /// The server under test: tests/run --servers names others than the system's.
  static const char* binary() {
    const char* named = ::getenv("SENGU_REDIS_SERVER");
    return named != nullptr ? named : "/usr/bin/redis-server";
  }

  /// With a configuration file, so that CONFIG REWRITE works; `options` are lines of it.
  explicit RealRedis(std::string address, const std::string& options = {}) : address_(std::move(address)) {
    // A test that is left out in silence hides a missing install step.
    if (::access(binary(), X_OK) != 0)
      throw std::runtime_error("needs " + std::string(binary()) + ": deploy/install-deps test");
    char pattern[] = "/tmp/sengu-redis-XXXXXX";
    directory_ = ::mkdtemp(pattern);
    const auto file = directory_ / "redis.conf";
    const auto text = "bind " + address_ + "\nport 6379\nsave \"\"\nrepl-diskless-sync-delay 0\ndir " +
                      directory_.string() + "\n" + options;
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(fd);
    if (written) start(file.string());
  }
  ~RealRedis() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  RealRedis(const RealRedis&) = delete;
  RealRedis& operator=(const RealRedis&) = delete;

  Endpoint endpoint() const { return {address_, 6379}; }
  void freeze() const { ::kill(pid_, SIGSTOP); }
  void thaw() const { ::kill(pid_, SIGCONT); }

 private:
  void start(const std::string& file) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, 1);
    ::dup2(null, 2);
    ::execl(binary(), binary(), file.c_str(), nullptr);
    ::_exit(127);
  }

  std::string address_;
  std::filesystem::path directory_;
  pid_t pid_ = -1;
};

}  // namespace sengu::test
