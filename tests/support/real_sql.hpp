// Real MySQL or MariaDB servers on loopback addresses of their own, for as long as the object lives:
// tests/support/sql-servers starts them, does what it is told, and ends them, also where the test process dies first.
// Knows nothing of sengu but Endpoint.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/base/types.hpp"
#include "tests/support/source_dir.hpp"

namespace sengu::test {

class RealSql {
 public:
  /// `flavour`: "mysql" or "mariadb"; `block`: "127.70.3"; `more`: see tests/support/sql-servers. The first is master.
  RealSql(const std::string& flavour, std::string block, int count, const std::vector<std::string>& more = {})
      : block_(std::move(block)) {
    std::vector<std::string> words{source_dir() + "/tests/support/sql-servers", flavour, block_, std::to_string(count)};
    words.insert(words.end(), more.begin(), more.end());
    start(words);
    std::istringstream ready(line());
    std::string word;
    ready >> word;
    if (word != "ready") throw std::runtime_error("sql-servers did not start: see its errors above");
    for (int i = 0; i < count && ready >> word; ++i) pids_.push_back(static_cast<pid_t>(std::stol(word)));
    ready >> ca_file_;
  }
  ~RealSql() {
    std::fclose(orders_);  // the end of its input
    ::waitpid(script_, nullptr, 0);
    std::fclose(answers_);
  }
  RealSql(const RealSql&) = delete;
  RealSql& operator=(const RealSql&) = delete;

  /// Servers count from 1.
  Endpoint endpoint(int server) const { return {block_ + "." + std::to_string(10 + server), 3306}; }
  const std::string& ca_file() const { return ca_file_; }
  pid_t pid(int server) const { return pids_.at(static_cast<std::size_t>(server - 1)); }
  void kill(int server) const { ::kill(pid(server), SIGKILL); }
  /// Returns when all its threads stand still: until then they go on answering.
  void freeze(int server) const {
    ::kill(pid(server), SIGSTOP);
    const auto tasks = "/proc/" + std::to_string(pid(server)) + "/task";
    for (bool all = false; !all;) {
      all = true;
      for (const auto& task : std::filesystem::directory_iterator(tasks)) {
        std::ifstream file(task.path() / "stat");
        std::string text;
        std::getline(file, text);
        const auto end = text.rfind(')');
        if (end != std::string::npos && text.substr(end, 3) != ") T") all = false;
      }
    }
  }
  void thaw(int server) const { ::kill(pid(server), SIGCONT); }
  void start_again(int server) {
    pids_.at(static_cast<std::size_t>(server - 1)) =
        static_cast<pid_t>(std::stol(order("start " + std::to_string(server))));
  }

  /// As root. The first field of the first row; an error of the server is thrown.
  std::string sql(int server, const std::string& statement) {
    return order("sql " + std::to_string(server) + " " + statement);
  }
  /// Over a connection of that server that stays open, until drop().
  std::string keep(int server, const std::string& statement) {
    return order("keep " + std::to_string(server) + " " + statement);
  }
  void drop(int server) { order("drop " + std::to_string(server)); }
  /// Does not wait for the answer.
  void send(int server, const std::string& statement) { order("send " + std::to_string(server) + " " + statement); }
  /// Of the replication status.
  std::string column(int server, const std::string& name) {
    return order("column " + std::to_string(server) + " " + name);
  }
  void follow(int server, int master) { order("follow " + std::to_string(server) + " " + std::to_string(master)); }

 private:
  void start(const std::vector<std::string>& words) {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    script_ = ::fork();
    if (script_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    orders_ = ::fdopen(in[1], "w");
    answers_ = ::fdopen(out[0], "r");
  }

  std::string line() {
    std::string text;
    for (int c = std::fgetc(answers_); c != EOF && c != '\n'; c = std::fgetc(answers_)) text += static_cast<char>(c);
    return text;
  }

  std::string order(const std::string& words) {
    std::fprintf(orders_, "%s\n", words.c_str());
    std::fflush(orders_);
    const auto answer = line();
    if (!answer.starts_with("ok")) throw std::runtime_error(words + ": " + answer);
    return answer.size() > 3 ? answer.substr(3) : std::string();
  }

  std::string block_;
  std::string ca_file_;
  std::vector<pid_t> pids_;
  pid_t script_ = -1;
  std::FILE* orders_ = nullptr;
  std::FILE* answers_ = nullptr;
};

}  // namespace sengu::test
