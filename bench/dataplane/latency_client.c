// A client of bench/run: one connection, one GET after the other, each timed by itself in ns (redis-benchmark counts in steps
// of 8 us, more than a whole answer takes on some machines). Waits in epoll_wait as clients with an event loop do.
//
// usage: latency_client ADDRESS PORT KEY REPLY_BYTES SECONDS. Prints requests, seconds, p50 and p99 in us as JSON. Ends with 1
// on an error or a reply of another length.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most = 4 * 1000 * 1000 };

static int64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static int connected(const char* address, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || fd < 0) fail("address");
  if (connect(fd, (struct sockaddr*)&to, sizeof to) != 0) fail("connect");
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) fail("setsockopt");
  return fd;
}

static int watched(int fd) {
  struct epoll_event event = {.events = EPOLLIN};
  const int set = epoll_create1(0);
  if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll");
  return set;
}

static void ask(int fd, int set, const char* request, size_t length, size_t reply) {
  char buffer[65536];
  if (write(fd, request, length) != (ssize_t)length) fail("write");
  for (size_t got = 0; got < reply;) {
    struct epoll_event event;
    if (epoll_wait(set, &event, 1, 10000) != 1) fail("no reply within 10 s");
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n <= 0) fail("read");
    got += (size_t)n;
    if (got > reply) fail("a longer reply");
  }
}

static int by_size(const void* a, const void* b) {
  const int32_t x = *(const int32_t*)a, y = *(const int32_t*)b;
  return (x > y) - (x < y);
}

int main(int count, char** words) {
  char request[512];
  if (count != 6) return 2;
  const size_t reply = strtoul(words[4], NULL, 10);
  const int length = snprintf(request, sizeof request, "*2\r\n$3\r\nGET\r\n$%zu\r\n%s\r\n", strlen(words[3]), words[3]);
  const int fd = connected(words[1], atoi(words[2])), set = watched(fd);
  int32_t* took = malloc(most * sizeof *took);
  if (took == NULL) fail("malloc");
  memset(took, 0, most * sizeof *took);  // its pages are not to be met in the loop
  ask(fd, set, request, (size_t)length, reply);
  const int64_t begun = now(), end = begun + (int64_t)(atof(words[5]) * 1e9);
  int64_t last = begun;
  size_t n = 0;
  while (last < end && n < most) {
    ask(fd, set, request, (size_t)length, reply);
    const int64_t at = now();
    took[n++] = (int32_t)(at - last);
    last = at;
  }
  qsort(took, n, sizeof *took, by_size);
  printf("{\"requests\": %zu, \"seconds\": %.6f, \"p50\": %.3f, \"p99\": %.3f}\n", n, (double)(last - begun) / 1e9,
         took[n / 2] / 1e3, took[n * 99 / 100] / 1e3);
  return 0;
}
