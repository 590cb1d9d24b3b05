// Byte streams through a data plane for tests: made up by a seed on the way and hashed at the far end, so that
// gigabytes need no memory and a prefix can be told from a mistake. One thread moves any number of them; waits have a
// deadline.
#pragma once

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "tests/support/loopback.hpp"

namespace sengu::test {

#ifdef SENGU_SANITIZED
inline constexpr int times = 20;  // of what a plain build does 200 times
inline constexpr std::uint64_t gibibyte = std::uint64_t{1} << 25;
#else
inline constexpr int times = 200;
inline constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;
#endif

inline constexpr std::uint64_t mebibyte = 1 << 20;
/// Fits into what a receiver takes that reads nothing (64 KiB with Linux's defaults).
inline constexpr std::size_t small = 32 * 1024;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::span<const char> bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  /// Once, at the end.
  std::string hex() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    std::string text;
    for (const unsigned char byte : digest)
      text += "0123456789abcdef"[byte >> 4], text += "0123456789abcdef"[byte & 15];
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

/// What a stream is made of: endless, the same for the same seed.
class Content {
 public:
  explicit Content(std::uint64_t seed)
      : state_(seed * 0x9e3779b97f4a7c15 + 1), block_(block_size / sizeof(std::uint64_t)) {}

  static constexpr std::size_t block_size = 1 << 20;

  /// The next block of it; valid until the next call.
  std::span<const char> next() {
    for (auto& word : block_) {
      state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
      word = state_;
    }
    return {reinterpret_cast<const char*>(block_.data()), block_size};
  }

  static std::string bytes(std::uint64_t seed, std::size_t size) {
    std::string text;
    for (Content content(seed); text.size() < size;) {
      const auto block = content.next();
      text.append(block.data(), std::min(block.size(), size - text.size()));
    }
    return text;
  }

  static std::string digest(std::uint64_t seed, std::uint64_t size) {
    Sha256 sha;
    for (Content content(seed); size > 0;) {
      const auto block = content.next();
      const auto part = std::min<std::uint64_t>(block.size(), size);
      sha.add(block.first(part));
      size -= part;
    }
    return sha.hex();
  }

 private:
  std::uint64_t state_;
  std::vector<std::uint64_t> block_;
};

struct StreamPlan {
  std::uint64_t seed;
  std::uint64_t size;
  enum class Ending : std::uint8_t { finish, stay_open } ending = Ending::finish;
  std::size_t read = 1 << 20;  // at most so many bytes per turn: the reader's speed, beside the others'
  std::uint64_t urgent_at =
      0;  // behind so many bytes, whole MiB, comes an urgent one that is not part of them; 0 = none
};

/// One direction between the two ends of a session.
class Stream {
 public:
  Stream(Connection& from, Connection& to, StreamPlan plan) : Stream(from, plan) { read_at(to); }
  /// Who reads it is not known yet; until then only push().
  Stream(Connection& from, StreamPlan plan) : from_(&from), plan_(plan), content_(plan.seed), buffer_(plan.read) {}
  void read_at(Connection& to) { to_ = &to; }

  /// Sends what goes in, in writes of up to 1 MiB. How much it was.
  std::size_t send_some() {
    std::size_t sum = 0;
    while (sent_ < plan_.size) {
      if (rest_.empty() && sent_ != 0 && sent_ == plan_.urgent_at && !send_urgent()) return sum;
      if (rest_.empty())
        rest_ = content_.next().first(std::min<std::uint64_t>(Content::block_size, plan_.size - sent_));
      const auto count = ::send(from_->fd(), rest_.data(), rest_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0) {
        if (errno != EAGAIN && errno != EINTR) failed_ = errno;
        return sum;
      }
      rest_ = rest_.subspan(static_cast<std::size_t>(count));
      sent_ += static_cast<std::uint64_t>(count);
      sum += static_cast<std::size_t>(count);
    }
    if (plan_.ending == StreamPlan::Ending::finish && !finished_) from_->finish(), finished_ = true;
    return sum;
  }

  /// Reads what is there, at most plan.read bytes. How much it was.
  std::size_t receive_some() {
    if (ended_) return 0;
    const auto count = ::recv(to_->fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (count > 0) {
      sha_.add({buffer_.data(), static_cast<std::size_t>(count)});
      received_ += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    ended_ = true;
    error_ = count < 0 ? errno : 0;
    return 0;
  }

  /// Sends until nothing more is taken for `quiet`, while nobody reads.
  void push(std::chrono::milliseconds quiet) {
    pollfd entry{from_->fd(), POLLOUT, 0};
    while (sent_ < plan_.size && ::poll(&entry, 1, static_cast<int>(quiet.count())) == 1 && failed_ == 0) send_some();
  }

  /// The bytes so far, checked against what was sent: equal SHA-256 of the same length. Once, at the end.
  bool intact() { return received_ <= sent_ && sha_.hex() == Content::digest(plan_.seed, received_); }

  bool sends() const {
    return failed_ == 0 && (sent_ < plan_.size || (plan_.ending == StreamPlan::Ending::finish && !finished_));
  }
  bool receives() const { return !ended_ && (plan_.ending == StreamPlan::Ending::finish || received_ < plan_.size); }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }
  bool ended() const { return ended_; }
  int error() const { return error_; }  // of the reader's end: 0 = a clean end
  int from() const { return from_->fd(); }
  int to() const { return to_->fd(); }

 private:
  bool send_urgent() {
    if (urgent_sent_) return true;
    return urgent_sent_ = ::send(from_->fd(), "!", 1, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_OOB) == 1;
  }

  Connection* from_;
  Connection* to_ = nullptr;
  StreamPlan plan_;
  Content content_;
  std::span<const char> rest_;
  Sha256 sha_;
  std::vector<char> buffer_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  int error_ = 0;
  int failed_ = 0;  // the errno that ended the sending
  bool urgent_sent_ = false;
  bool finished_ = false;
  bool ended_ = false;
};

/// Moves all streams until each was read to its end, or to its size where it stays open. False: nothing moved for
/// `patience`.
inline bool flow(std::span<Stream> streams) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<pollfd> entries;
  for (;;) {
    entries.clear();
    std::size_t moved = 0;
    for (auto& stream : streams) {
      if (stream.sends()) moved += stream.send_some();
      if (stream.receives()) moved += stream.receive_some();
      if (stream.sends()) entries.push_back({stream.from(), POLLOUT, 0});
      if (stream.receives()) entries.push_back({stream.to(), POLLIN, 0});
    }
    if (std::none_of(streams.begin(), streams.end(), [](const Stream& s) { return s.receives(); })) return true;
    const auto now = std::chrono::steady_clock::now();
    if (moved != 0) deadline = now + patience;
    if (now > deadline) return false;
    if (moved == 0) ::poll(entries.data(), entries.size(), 100);
  }
}

inline bool flow(Stream& stream) { return flow({&stream, 1}); }

/// Has the peer's kernel all that was written here? Polls until it has.
inline bool acknowledged(const Connection& connection) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (net::unsent_bytes(connection.fd()) != 0)
    if (std::chrono::steady_clock::now() > deadline) return false;
  return true;
}

/// A plane with one master, and sessions through it.
struct Tunnel {
  explicit Tunnel(const std::string& host) : server(host), plane(one_group(host, {node(server.endpoint())})) {
    plane.publish(open_route(1, 0, 1));
  }
  /// Client and backend of a new session, which is relaying already where the backend has heard of it.
  std::pair<Connection, Connection> connect(int client_receive_buffer = 0) {
    auto client = plane.client(client_receive_buffer);
    auto backend = server.accept();
    return {std::move(client), std::move(backend)};
  }
  bool has_ended() {
    return plane.until([&] { return plane.data.sessions() == 0; });
  }

  Server server;
  Plane plane;
};

/// Both ends of a session by number: even, what happens comes from the client; odd, from the backend.
struct Ends {
  Ends(std::pair<Connection, Connection>& session, int number)
      : from(number % 2 == 0 ? session.first : session.second), to(number % 2 == 0 ? session.second : session.first) {}
  Connection& from;
  Connection& to;
};

}  // namespace sengu::test
