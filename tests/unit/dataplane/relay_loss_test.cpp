// What the relay may not lose and may not gather: a peer's RST reaches the other as RST behind all that was sent before
// it, and a reader that stands still stops its sender, not at sengu's cost. Through a whole data plane, whatever way it
// copies.
#include <unistd.h>

#include <fstream>

#include "tests/support/streams.hpp"

using namespace sengu;
using namespace sengu::test;

namespace {

constexpr std::uint64_t most_ahead = 16 * mebibyte;

/// Of this process, in bytes.
std::uint64_t resident_memory() {
  std::uint64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Sengu's share of a stream that stands still, less than 1 MiB. A sanitizer's own memory says nothing about it.
void check_growth_since(std::uint64_t before) {
#ifndef SENGU_SANITIZED
  CHECK(resident_memory() < before + mebibyte);
#else
  (void)before;
#endif
}

proxy::SessionEnd reset_by(int number) {
  return number % 2 == 0 ? proxy::SessionEnd::client_reset : proxy::SessionEnd::server_reset;
}

}  // namespace

TEST_CASE("relay loss: a RST stays a RST, and what was said before it arrives though nobody reads yet") {
  Tunnel tunnel("127.77.7.1");
  for (int i = 0; i < 2 * times; ++i) {
    auto session = tunnel.connect();
    auto [from, to] = Ends(session, i);
    REQUIRE(to.send("hello"));
    REQUIRE(from.receive(5) == "hello");
    const std::string last_words = Content::bytes(8, i % 4 < 2 ? 10 : small);
    REQUIRE(from.send(last_words));
    REQUIRE(acknowledged(from));  // its own kernel drops what it still has
    from.reset();
    REQUIRE(tunnel.has_ended());
    REQUIRE(to.receive_all() == last_words);
    REQUIRE(to.error() == ECONNRESET);
    REQUIRE(tunnel.plane.until([&] { return tunnel.plane.records.size() == static_cast<std::size_t>(i + 1); }));
    REQUIRE(tunnel.plane.records.back().end == reset_by(i));
  }
}

TEST_CASE("relay loss: a RST of a peer that only listened") {
  Tunnel tunnel("127.77.7.2");
  for (int i = 0; i < 2 * times; ++i) {
    auto session = tunnel.connect();
    auto [from, to] = Ends(session, i);
    REQUIRE(to.send("hello"));
    REQUIRE(from.receive(5) == "hello");
    from.reset();
    REQUIRE(to.receive_all().empty());
    REQUIRE(to.error() == ECONNRESET);
  }
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay loss: a RST after a half-close is no clean end") {
  Tunnel tunnel("127.77.7.3");
  for (int i = 0; i < 2 * times; ++i) {
    auto session = tunnel.connect();
    auto [from, to] = Ends(session, i);
    REQUIRE(to.send("request"));
    to.finish();
    REQUIRE(from.receive_all() == "request");
    REQUIRE(from.send("half an ans"));
    REQUIRE(acknowledged(from));
    from.reset();
    REQUIRE(to.receive_all() == "half an ans");
    REQUIRE(to.error() == ECONNRESET);
  }
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay loss: a server that closes without reading on resets, and its last word arrives") {
  Tunnel tunnel("127.77.7.4");
  for (int i = 0; i < times; ++i) {
    auto [client, backend] = tunnel.connect();
    REQUIRE(client.send("unread"));
    REQUIRE(backend.readable());
    REQUIRE(backend.send("-ERR max number of clients reached\r\n"));
    backend.close();  // with unread bytes: its kernel sends a RST
    REQUIRE(client.receive_all() == "-ERR max number of clients reached\r\n");
    REQUIRE(client.error() == ECONNRESET);
  }
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay loss: a RST in the middle of a stream, and all that sengu's kernel had been given arrives") {
  Tunnel tunnel("127.77.7.5");
  constexpr std::uint64_t rest = 4096;  // what the reader's kernel takes after a stream, too, without its reader
  for (int i = 0; i < times; ++i) {
    auto session = tunnel.connect();
    auto [from, to] = Ends(session, i);
    Stream stream(from, to, {9, 3 * mebibyte + rest, StreamPlan::Ending::stay_open, 64 * 1024});
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (stream.received() < 3 * mebibyte || net::unsent_bytes(from.fd()) != 0) {
      stream.send_some();
      if (stream.received() < 3 * mebibyte) stream.receive_some();
      REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
    from.reset();
    REQUIRE(tunnel.has_ended());
    while (!stream.ended()) stream.receive_some();
    REQUIRE(stream.received() == stream.sent());
    REQUIRE(stream.intact());
    REQUIRE(stream.error() == ECONNRESET);
  }
}

TEST_CASE(
    "relay loss: a RST behind megabytes that nobody has read yet waits for a reader, and never looks like an end") {
  Tunnel tunnel("127.77.7.6");
  constexpr int attempts = times / 5;
  int whole = 0;
  for (int i = 0; i < attempts; ++i) {
    auto session = tunnel.connect(8 * 1024);
    auto [from, to] = Ends(session, i);
    Stream stream(from, to, {10, 2 * mebibyte, StreamPlan::Ending::stay_open});
    stream.push(patience);
    REQUIRE(acknowledged(from));
    from.reset();
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!stream.ended() && std::chrono::steady_clock::now() < deadline) stream.receive_some();
    REQUIRE(stream.intact());
    REQUIRE(stream.error() == ECONNRESET);
    if (stream.received() == stream.sent()) ++whole;
  }
  MESSAGE(whole << " of " << attempts << " arrived whole within the 200 ms that their reader has");
  CHECK(whole >= attempts / 2);  // this process may be kept from reading for so long
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay loss: a reader that stands still stops its sender, and costs sengu no memory") {
  Tunnel tunnel("127.77.7.7");
  for (int i = 0; i < 3; ++i) {  // from the client, from the server, both at once
    CAPTURE(i);
    auto [client, backend] = tunnel.connect();
    REQUIRE(client.send("warm"));
    REQUIRE(backend.receive(4) == "warm");
    std::vector<Stream> streams;
    if (i != 1) streams.emplace_back(client, backend, StreamPlan{11, 48 * mebibyte});
    if (i != 0) streams.emplace_back(backend, client, StreamPlan{12, 48 * mebibyte});
    const auto before = resident_memory();
    for (auto& stream : streams) stream.push(300ms);
    check_growth_since(before);
    for (auto& stream : streams) {
      MESSAGE("sent while nobody read: " << stream.sent() << " bytes");
      CHECK(stream.sent() <= most_ahead);
    }
    REQUIRE(flow(streams));
    for (auto& stream : streams) {
      CHECK(stream.received() == 48 * mebibyte);
      CHECK(stream.intact());
      CHECK(stream.error() == 0);
    }
  }
  CHECK(tunnel.has_ended());
}

TEST_CASE("relay loss: a reader that stops in the middle of a stream stops its sender") {
  // The kernel has widened the windows of both hops by then, up to tcp_rmem: 5 to 8 MB without a proxy in between, 11
  // to 20 with sengu, 10 to 25 with HAProxy 2.6.
  constexpr std::uint64_t most_with_wide_windows = 64 * mebibyte;
  Tunnel tunnel("127.77.7.8");
  for (int i = 0; i < 2; ++i) {
    auto session = tunnel.connect();
    auto [from, to] = Ends(session, i);
    Stream stream(from, to, {13, 256 * mebibyte});
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (stream.received() < 32 * mebibyte) {
      stream.send_some(), stream.receive_some();
      REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
    const auto before = resident_memory();
    stream.push(300ms);
    check_growth_since(before);
    MESSAGE("ahead of its reader: " << stream.sent() - stream.received() << " bytes");
    CHECK(stream.sent() - stream.received() <= most_with_wide_windows);
    REQUIRE(flow(stream));
    CHECK(stream.received() == stream.sent());
    CHECK(stream.intact());
    CHECK(stream.error() == 0);
  }
}
