// Pipes through which splice(2) moves a stream from one socket to another without a copy. One pool per worker, used by
// its thread alone. Knows no socket and no session.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "health/net/socket.hpp"

namespace sengu::proxy {

class PipePool;

struct Pipe {
  explicit Pipe(PipePool& owner) : pool(owner) {}
  PipePool& pool;
  net::Fd read_end;
  net::Fd write_end;
  std::size_t capacity = 0;
  std::size_t filled = 0;  // bytes in the pipe; its borrower counts them
};

class PipePool {
 public:
  /// A dropped loan gives its pipe back to the pool, which closes it if it holds bytes or if enough pipes are idle.
  struct Return {
    void operator()(Pipe* pipe) const { pipe->pool.take_back(std::unique_ptr<Pipe>(pipe)); }
  };
  using Loan = std::unique_ptr<Pipe, Return>;

  /// Never more than `most` pipes, two descriptors each. Outlives all loans.
  explicit PipePool(std::size_t most) : most_(most) {}
  PipePool(const PipePool&) = delete;

  /// An empty pipe of `least` to `best` bytes. None where `most`, the file limit or a user's pipe-user-pages-soft
  /// forbids one: then the caller copies.
  Loan borrow();

  // In bytes. 1 MiB is what every user may ask for (pipe-max-size) and takes 16-20 % less CPU for a stream than 256
  // KiB; 64 KiB takes twice as much as these (measured).
  static constexpr int best = 1024 * 1024;
  static constexpr int least = 256 * 1024;

 private:
  std::unique_ptr<Pipe> open();
  void take_back(std::unique_ptr<Pipe> pipe);

  const std::size_t most_;
  std::size_t open_ = 0;  // lent ones included
  // After a failure open() refuses so many times by itself: asking the kernel each time would cost more than a copy.
  unsigned refusals_to_come_ = 0;
  std::vector<std::unique_ptr<Pipe>> free_;
};

}  // namespace sengu::proxy
