// An owned file descriptor. Knows nothing of what it stands for.
#pragma once

#include <utility>

namespace sengu::net {

/// A file descriptor that is closed with its owner. Move only.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int value) : value_(value) {}
  Fd(Fd&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      close();
      value_ = std::exchange(other.value_, -1);
    }
    return *this;
  }
  ~Fd() { close(); }

  int get() const { return value_; }
  explicit operator bool() const { return value_ >= 0; }
  void close();
  /// Of a socket: closes with a RST and drops what the kernel still wanted to send: a cut. (After a plain close the
  /// peer reads those bytes to their end.)
  void reset();

 private:
  int value_ = -1;
};

}  // namespace sengu::net
