// The system calls of a worker's hot path, without glibc's wrappers. Those are cancellation points: in a process with
// threads each wrapper makes its thread cancellable and back, by two atomic exchanges (glibc 2.36,
// sysdeps/unix/sysv/linux/sysdep-cancel.h), which took 2 to 6 % of the CPU of a small message. Our threads are never
// cancelled. Each function does what its namesake does, and sets errno.
#pragma once

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>

namespace sengu::proxy::system_call {

inline ssize_t recv(int fd, void* to, std::size_t size) {
  return ::syscall(SYS_recvfrom, fd, to, size, 0, nullptr, nullptr);
}

inline ssize_t send(int fd, const void* from, std::size_t size, int flags) {
  return ::syscall(SYS_sendto, fd, from, size, flags, nullptr, 0);
}

inline ssize_t splice(int from, int to, std::size_t size, unsigned flags) {
  return ::syscall(SYS_splice, from, nullptr, to, nullptr, size, flags);
}

/// `timeout` in milliseconds, -1 for ever.
inline int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  return static_cast<int>(::syscall(SYS_epoll_pwait, epoll, events, most, timeout, nullptr, 0));
}

}  // namespace sengu::proxy::system_call
