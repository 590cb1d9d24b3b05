#include "health/mysql/client.hpp"

#include <fcntl.h>
#include <mysql.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "config/base/assert.hpp"
#include "config/base/printable.hpp"
#include "health/mysql/greeting.hpp"
#include "health/net/socket.hpp"

#ifndef MARIADB_BASE_VERSION
#error \
    "health/mysql needs MariaDB Connector/C (default-libmysqlclient-dev): Oracle's library has no MARIADB_OPT_IO_WAIT"
#endif

namespace sengu::health::mysql {

namespace {

using Clock = std::chrono::steady_clock;
using config::Tls;

/// The ways in which a server may ask for our password. mysql_clear_password and dialog are not among them: they send
/// the password as it is.
constexpr const char* allowed_authentication =
    "mysql_native_password,caching_sha2_password,sha256_password,client_ed25519,parsec";

/// What each connection says first. No transaction is left open; literals are read as quoted() writes them; no
/// statement waits long for a lock; a server that ends idle connections early does not end ours between two probes.
constexpr const char* session_settings =
    "SET SESSION autocommit=1, sql_mode='', lock_wait_timeout=1, wait_timeout=28800";

thread_local Client* asking = nullptr;  // the Client whose call into the library this thread is in

int milliseconds_left(Time deadline) {
  const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

int poll_until(int fd, short events, Time deadline) {
  for (;;) {
    pollfd entry{fd, events, 0};
    const int count = ::poll(&entry, 1, milliseconds_left(deadline));
    if (count >= 0 || errno != EINTR) return count;
  }
}

void set_low_water(int fd, int bytes) { ::setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes); }

bool wants_tls(Tls mode) { return mode == Tls::require || mode == Tls::verify; }

const char* name_of(Tls mode) { return mode == Tls::verify ? "verify" : "require"; }

const char* or_none(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

struct Client::Waiting {
  explicit Waiting(Client* client) { asking = client; }
  ~Waiting() { asking = nullptr; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

Client::Client(Login login) : login_(std::move(login)) {}

Client::~Client() { close(); }

void Client::hear() { last_heard_.store(Duration(Clock::now().time_since_epoch()).count()); }

int Client::wait_for_library(int fd, char is_read, int timeout) {
  SENGU_ASSERT(asking != nullptr);
  return asking->wait(fd, is_read != 0 ? POLLIN : POLLOUT, timeout);
}

/// As the library's own wait: over 0 go on, else fail with errno. `timeout` is in milliseconds, 0 and below: none.
int Client::wait(int fd, short events, int timeout) {
  if (!adopt(fd)) {
    errno = ECONNABORTED;
    return -1;
  }
  if (progress_ == Progress::connecting) return finish_connect(fd);
  const int count = poll_until(
      fd, events, timeout > 0 ? Clock::now() + Milliseconds(timeout) : Clock::now() + std::chrono::hours(24));
  if (count == 0 && progress_ != Progress::ready) connect_error_ = errno = ETIMEDOUT;
  return count;
}

/// Keeps a descriptor of our own for the connection. False where there is none, or once the client was interrupted.
bool Client::adopt(int fd) {
  const std::lock_guard lock(mutex_);
  if (interrupted_) return false;
  if (own_fd_ < 0) own_fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return own_fd_ >= 0;
}

int Client::fail_connect(int error) {
  connect_error_ = errno = error;
  return -1;
}

int Client::finish_connect(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (poll_until(fd, POLLOUT, Clock::now() + connect_timeout) == 0) error = ETIMEDOUT;
  if (error == 0) ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0 && net::met_itself(fd)) error = ECONNREFUSED;
  if (error != 0) return fail_connect(error);
  progress_ = Progress::connected;
  return await_greeting(fd);
}

/// Peeks at the server's greeting and leaves it to the library. Where the settings demand TLS and the server offers
/// none, we never send anything.
int Client::await_greeting(int fd) {
  const Time deadline = Clock::now() + greeting_timeout;
  for (int known = 0;;) {
    std::array<char, 512> bytes{};
    set_low_water(fd, known + 1);
    if (poll_until(fd, POLLIN, deadline) <= 0) return fail_connect(ETIMEDOUT);
    const auto size = static_cast<int>(::recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT));
    set_low_water(fd, 1);
    if (size <= known) return 1;  // closed: the library finds that too
    known = size;
    progress_ = Progress::greeted;
    hear();
    const auto offer = read_greeting({bytes.data(), static_cast<std::size_t>(size)});
    no_tls_offered_ = wants_tls(login_.tls.mode) && offer == TlsOffer::absent;
    if (no_tls_offered_) return fail_connect(EPROTONOSUPPORT);
    if (offer != TlsOffer::unknown || !wants_tls(login_.tls.mode)) return 1;
  }
}

void Client::set_options() {
  const auto timeout = static_cast<unsigned>(connect_timeout.count());
  const auto protocol = static_cast<unsigned>(MYSQL_PROTOCOL_TCP);
  const unsigned no_local_files = 0;  // a server could ask for any file of ours (LOAD DATA LOCAL)
  mysql_options(handle_, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
  mysql_options(handle_, MYSQL_OPT_PROTOCOL, &protocol);
  mysql_options(handle_, MYSQL_OPT_LOCAL_INFILE, &no_local_files);
  mysql_options(handle_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(handle_, MARIADB_OPT_RESTRICTED_AUTH, allowed_authentication);
  mysql_options(handle_, MARIADB_OPT_IO_WAIT, reinterpret_cast<const void*>(&Client::wait_for_library));
  mysql_options4(handle_, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "sengu");
  if (login_.tls.mode != Tls::off) set_tls();
}

void Client::set_tls() {
  const auto& tls = login_.tls;
  const my_bool enforce = 1;  // asks for TLS, but refuses no server without TLS: await_greeting does
  const my_bool verify = tls.mode == Tls::verify ? 1 : 0;
  mysql_ssl_set(handle_, or_none(tls.key_file), or_none(tls.cert_file), verify != 0 ? or_none(tls.ca_file) : nullptr,
                nullptr, nullptr);
  mysql_options(handle_, MYSQL_OPT_SSL_ENFORCE, &enforce);
  mysql_options(handle_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

std::optional<Failure> Client::connect() {
  SENGU_ASSERT(handle_ == nullptr);
  handle_ = mysql_init(nullptr);
  if (handle_ == nullptr) return refused("out of memory");
  set_options();
  const Waiting waiting(this);
  const auto* made = mysql_real_connect(handle_, login_.node.host.c_str(), login_.username.c_str(),
                                        login_.password.value.c_str(), nullptr, login_.node.port, nullptr, 0);
  if (no_tls_offered_)
    return refused("the server does not speak TLS, and tls = " + std::string(name_of(login_.tls.mode)));
  if (made == nullptr) return failure();
  if (wants_tls(login_.tls.mode) && mysql_get_ssl_cipher(handle_) == nullptr)
    return refused("the connection is not encrypted");
  hear();
  progress_ = Progress::ready;
  return query(session_settings).failure;
}

Reply Client::query(const std::string& statement) {
  SENGU_ASSERT(progress_ == Progress::ready);
  const Waiting waiting(this);
  Reply reply;
  if (interrupted_) return {{}, refused("interrupted")};
  if (mysql_real_query(handle_, statement.data(), statement.size()) != 0) reply.failure = failure();
  if (reply.ok()) reply.failure = read_rows(reply.table);
  // A stored procedure has more than one answer; the last is its state, and only the first is of interest.
  for (Table ignored; reply.ok() && mysql_more_results(handle_) != 0; ignored = {}) {
    if (mysql_next_result(handle_) > 0) reply.failure = failure();
    if (reply.ok()) reply.failure = read_rows(ignored);
  }
  if (reply.ok() || is_from_server(*reply.failure)) hear();
  return reply;
}

std::optional<Failure> Client::read_rows(Table& table) {
  const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> result(mysql_use_result(handle_), &mysql_free_result);
  if (!result) return mysql_errno(handle_) != 0 ? std::optional(failure()) : std::nullopt;  // a statement without rows
  const auto count = mysql_num_fields(result.get());
  const auto* fields = mysql_fetch_fields(result.get());
  for (unsigned i = 0; i < count; ++i) table.columns.emplace_back(fields[i].name, fields[i].name_length);
  std::size_t bytes = 0;
  while (const auto row = mysql_fetch_row(result.get())) {
    const auto* lengths = mysql_fetch_lengths(result.get());
    auto& values = table.rows.emplace_back(count);
    for (unsigned i = 0; i < count; ++i) {
      if (row[i] != nullptr) values[i].emplace(row[i], lengths[i]);
      bytes += lengths[i] + sizeof values[i];
    }
    if (bytes <= max_answer_bytes) continue;
    interrupt();  // freeing the result would read all the rest
    return refused("an answer over " + std::to_string(max_answer_bytes / (1024 * 1024)) + " MiB");
  }
  return mysql_errno(handle_) != 0 ? std::optional(failure()) : std::nullopt;
}

Failure Client::failure() const {
  return {mysql_errno(handle_), printable_line(mysql_error(handle_)), progress_, connect_error_};
}

Failure Client::refused(std::string why) const { return {0, std::move(why), progress_, 0}; }

std::uint64_t Client::id() const { return mysql_thread_id(handle_); }

void Client::close() {
  if (handle_ != nullptr) {
    const Waiting waiting(this);
    mysql_close(std::exchange(handle_, nullptr));
  }
  drop_descriptor();
}

void Client::drop_descriptor() {
  const std::lock_guard lock(mutex_);
  if (own_fd_ >= 0) ::close(std::exchange(own_fd_, -1));
}

void Client::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (own_fd_ < 0) return;
  const linger reset{1, 0};
  ::setsockopt(own_fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::shutdown(own_fd_, SHUT_RDWR);
}

void begin_library() { SENGU_ASSERT(mysql_library_init(0, nullptr, nullptr) == 0); }

void end_library() { mysql_library_end(); }

void begin_library_thread() { mysql_thread_init(); }

void end_library_thread() { mysql_thread_end(); }

}  // namespace sengu::health::mysql
