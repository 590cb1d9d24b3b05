// The sockets of the fleet: one epoll loop in one thread. Owns listeners, connections, and when each node was last
// asked, by the kernel's time stamp of the bytes: whatever keeps this process from reading them is in no figure. Knows
// RESP and CLIENT LIST.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/nodes_responder/fleet.hpp"

namespace bench {

/// A descriptor that is closed with its owner.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { close(); }
  int get() const { return fd_; }
  void close();

 private:
  int fd_;
};

class Server {
 public:
  /// Binds all listeners, and watches `extra`, a descriptor of the caller's. Throws std::system_error.
  Server(Fleet& fleet, int extra);
  ~Server();
  /// Waits until something is ready, and handles it. True where `extra` is readable.
  bool turn();
  /// The group's first master refuses from now on; its connections are reset.
  void kill_master(std::size_t group);
  /// Nanoseconds between two probes of one node, of all nodes, since the last call; they begin anew.
  std::vector<std::int64_t> take_gaps();
  std::size_t connections() const { return open_; }

 private:
  struct Connection;
  struct Node {
    std::vector<Connection*> connections;
    std::int64_t asked = 0;  // ns, CLOCK_REALTIME; 0: not since take_gaps()
  };

  Fd listen_on(Address address);
  void watch(int fd, std::uint64_t tag);
  void accept_all(int listener);
  void read_from(Connection& connection);
  void take_commands(Connection& connection, std::int64_t stamp);
  void take(Connection& connection, const Words& command, std::string_view raw);
  void note_probe(Connection& connection, std::int64_t stamp);
  void list_clients(NodeId id, std::string& out);
  void flush(Connection& connection);
  void close(Connection& connection);
  Node& node(NodeId id) { return nodes_[id.group * nodes_per_group + id.place]; }

  Fleet& fleet_;
  Fd epoll_;
  std::vector<Fd> masters_;  // by group: its first master's listener
  std::vector<Fd> others_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor
  std::vector<Node> nodes_;
  std::vector<std::int64_t> gaps_;
  std::size_t open_ = 0;
};

}  // namespace bench
