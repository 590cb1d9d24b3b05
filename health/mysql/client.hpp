// One connection to one MySQL or MariaDB server over libmysqlclient (Debian's is MariaDB Connector/C), with plain
// blocking calls. The only place that knows mysql.h. Belongs to one thread; any thread may call interrupt() and the
// functions that report progress. Knows nothing of the statements.
//
// The library's timeouts are whole seconds and do not cover everything: neither the greeting nor TLS. But the library
// calls us wherever it would wait (MARIADB_OPT_IO_WAIT). There we keep a descriptor of our own for the connection, over
// which interrupt() ends any call that blocks, in a TLS handshake too; and there we read the greeting before the
// library answers it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "health/model/time.hpp"
#include "health/mysql/options.hpp"
#include "health/mysql/table.hpp"

struct st_mysql;

namespace sengu::health::mysql {

class Client {
 public:
  static constexpr std::chrono::seconds connect_timeout{1};
  /// A frozen server accepts the connection and stays silent. When it wakes, each connection that we gave up before its
  /// greeting counts against this host (max_connect_errors, 1129): so a connection is not given up as soon as it is
  /// overdue.
  static constexpr std::chrono::seconds greeting_timeout{5};
  /// The longest answer to one statement that is read, over all its rows.
  static constexpr std::size_t max_answer_bytes = 4 * 1024 * 1024;

  explicit Client(Login login);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // --- on the thread that owns it; a Progress::ready connection is one with autocommit and without SQL modes ---
  std::optional<Failure> connect();
  /// Requires a connection that is ready. A failure that is not from the server leaves it unusable.
  Reply query(const std::string& statement);
  /// Becomes readable while no question is open where the server ended the connection, or is out of step. Requires
  /// ready.
  int descriptor() const { return own_fd_; }
  /// The server's number of this connection.
  std::uint64_t id() const;
  void close();

  // --- on any thread ---
  /// Ends the call that blocks, and all later calls. The connection is reset: bytes that the server has not read yet it
  /// may never read; a statement that it has read it carries out.
  void interrupt();
  bool interrupted() const { return interrupted_.load(); }
  Progress progress() const { return progress_.load(); }
  /// When this server was heard last; the epoch where never.
  Time last_heard() const { return Time(Duration(last_heard_.load())); }

 private:
  struct Waiting;

  static int wait_for_library(int fd, char is_read, int timeout);
  int wait(int fd, short events, int timeout);
  bool adopt(int fd);
  int finish_connect(int fd);
  int await_greeting(int fd);
  int fail_connect(int error);
  void set_options();
  void set_tls();
  Failure failure() const;
  Failure refused(std::string why) const;
  std::optional<Failure> read_rows(Table& table);
  void hear();
  void drop_descriptor();

  const Login login_;
  st_mysql* handle_ = nullptr;
  std::atomic<Progress> progress_{Progress::connecting};
  std::atomic<std::int64_t> last_heard_{0};
  std::atomic<bool> interrupted_{false};
  std::mutex mutex_;  // of own_fd_, between its owner and interrupt()
  int own_fd_ = -1;   // a duplicate: the library closes its own unannounced, and the number is used again
  int connect_error_ = 0;
  bool no_tls_offered_ = false;
};

/// Called once before the first Client, from one thread; end_library() after the last Client, from any thread.
void begin_library();
void end_library();
/// Called on a thread before its first use of a Client, and after its last.
void begin_library_thread();
void end_library_thread();

}  // namespace sengu::health::mysql
