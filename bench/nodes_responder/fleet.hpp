// Thousands of Redis servers as values: who is master, whom each replicates from, its ids and its offset, and what it
// answers to the commands that sengu sends. Owns the truth about every group; knows no socket. `now` is a parameter
// everywhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

using Time = std::chrono::steady_clock::time_point;
using Words = std::vector<std::string_view>;

/// Which server: group and place in it. 0 is the master at the start.
struct NodeId {
  std::size_t group;
  std::size_t place;
};

struct Address {
  std::uint32_t host;  // host byte order
  std::uint16_t port;
};

inline constexpr std::size_t nodes_per_group = 3;

/// Where it listens: 127.<64 + place>.<group / 250>.<1 + group % 250>. Masters listen on their own address and port
/// 7000, so that a dead one refuses; of the others all of 127/8 listens on one of the ports from 7001 on, and tells
/// them by address.
Address address_of(NodeId id);
inline constexpr std::uint16_t master_port = 7000;
inline constexpr std::uint16_t replica_ports = 16;
/// None where no such node could be.
std::optional<NodeId> node_at(Address address, std::size_t groups);

class Fleet {
 public:
  struct Promotion {
    std::size_t group;
    std::chrono::nanoseconds after;  // its master's death
  };

  Fleet(std::size_t groups, Time now);
  std::size_t groups() const { return groups_.size(); }
  /// Appends the answer, RESP. CLIENT LIST is the server's (it knows the connections); MULTI too.
  void answer(NodeId id, const Words& command, Time now, std::string& out);
  /// The first master of the group dies; its replicas lose it at once.
  void kill_master(std::size_t group, Time now);
  const std::vector<Promotion>& promotions() const { return promotions_; }

 private:
  struct Node {
    std::string run_id;
    std::string replid;
    std::string replid2;
    std::int64_t second_offset = -1;
    std::int64_t offset = 0;  // when `since`; of a master it grows from there
    Time since{};
    std::optional<std::size_t> follows;  // place; none: a master
    bool alive = true;
  };
  struct Group {
    std::vector<Node> nodes;
    std::optional<Time> died;  // its first master
  };

  Node& node(NodeId id) { return groups_[id.group].nodes[id.place]; }
  bool link_up(NodeId id);
  std::int64_t offset(NodeId id, Time now);
  void replicate_from(NodeId id, const Words& command, Time now, std::string& out);
  void promote(NodeId id, Time now);
  void info(NodeId id, std::string_view section, Time now, std::string& out);
  std::string replication(NodeId id, Time now);
  std::string new_id();

  std::vector<Group> groups_;
  std::vector<Promotion> promotions_;
  std::uint64_t last_id_ = 0x5e46;
};

void append_bulk(std::string& out, std::string_view text);

}  // namespace bench
