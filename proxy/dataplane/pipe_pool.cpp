// See pipe_pool.hpp.
#include "proxy/dataplane/pipe_pool.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace sengu::proxy {
namespace {

constexpr unsigned refusals_after_failure = 1000;
constexpr std::size_t most_idle = 16;  // the others are closed: their descriptors and pages may be wanted elsewhere

/// The size the pipe has now, in bytes.
int grow(int pipe) {
  if (const int size = ::fcntl(pipe, F_SETPIPE_SZ, PipePool::best); size >= 0) return size;
  if (const int size = ::fcntl(pipe, F_SETPIPE_SZ, PipePool::least); size >= 0) return size;
  return ::fcntl(pipe, F_GETPIPE_SZ);
}

std::unique_ptr<Pipe> make_pipe(PipePool& pool) {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  auto pipe = std::make_unique<Pipe>(pool);
  pipe->read_end = net::Fd(ends[0]);
  pipe->write_end = net::Fd(ends[1]);
  const int size = grow(ends[1]);
  if (size < PipePool::least) return nullptr;
  pipe->capacity = static_cast<std::size_t>(size);
  return pipe;
}

}  // namespace

PipePool::Loan PipePool::borrow() {
  std::unique_ptr<Pipe> pipe;
  if (!free_.empty()) {
    pipe = std::move(free_.back());
    free_.pop_back();
  } else {
    pipe = open();
  }
  return Loan(pipe.release());
}

std::unique_ptr<Pipe> PipePool::open() {
  if (open_ == most_) return nullptr;
  if (refusals_to_come_ != 0) {
    --refusals_to_come_;
    return nullptr;
  }
  auto pipe = make_pipe(*this);
  if (!pipe) {
    refusals_to_come_ = refusals_after_failure;
    return nullptr;
  }
  ++open_;
  return pipe;
}

void PipePool::take_back(std::unique_ptr<Pipe> pipe) {
  if (pipe->filled == 0 && free_.size() < most_idle) return free_.push_back(std::move(pipe));
  --open_;
}

}  // namespace sengu::proxy
