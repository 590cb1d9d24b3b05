// See fleet.hpp. The texts are those of Redis 7.0.15, so that parsing them costs what it costs.
#include "bench/nodes_responder/fleet.hpp"

#include <arpa/inet.h>

#include <cstdio>
#include <utility>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t net = 127U << 24;
constexpr std::size_t hosts_per_net = 250;
constexpr std::uint32_t first_net = 64;

constexpr std::string_view server_text =
    "# "
    "Server\r\nredis_version:7.0.15\r\nredis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_build_id:"
    "ae4d7c971a948f0\r\n"
    "redis_mode:standalone\r\nos:Linux 6.18.44 x86_64\r\narch_bits:64\r\nmonotonic_clock:POSIX clock_gettime\r\n"
    "multiplexing_api:epoll\r\natomicvar_api:c11-builtin\r\ngcc_version:12.2.0\r\nprocess_id:11716\r\nprocess_"
    "supervised:no\r\n"
    "tcp_port:7999\r\nserver_time_usec:1795327851894788\r\nuptime_in_seconds:2\r\nuptime_in_days:0\r\nhz:10\r\n"
    "configured_hz:10\r\nlru_clock:165739\r\nexecutable:/usr/bin/redis-server\r\nconfig_file:/etc/redis/redis.conf\r\n"
    "io_threads_active:0\r\nrun_id:";
constexpr std::string_view persistence_text =
    "# "
    "Persistence\r\nloading:0\r\nasync_loading:0\r\ncurrent_cow_peak:0\r\ncurrent_cow_size:0\r\ncurrent_cow_size_age:"
    "0\r\n"
    "current_fork_perc:0.00\r\ncurrent_save_keys_processed:0\r\ncurrent_save_keys_total:0\r\nrdb_changes_since_last_"
    "save:1\r\n"
    "rdb_bgsave_in_progress:0\r\nrdb_last_save_time:1795327849\r\nrdb_last_bgsave_status:ok\r\nrdb_last_bgsave_time_"
    "sec:-1\r\n"
    "rdb_current_bgsave_time_sec:-1\r\nrdb_saves:0\r\nrdb_last_cow_size:0\r\nrdb_last_load_keys_expired:0\r\n"
    "rdb_last_load_keys_loaded:0\r\naof_enabled:0\r\naof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\n"
    "aof_last_rewrite_time_sec:-1\r\naof_current_rewrite_time_sec:-1\r\naof_last_bgrewrite_status:ok\r\naof_rewrites:"
    "0\r\n"
    "aof_rewrites_consecutive_failures:0\r\naof_last_write_status:ok\r\naof_last_cow_size:0\r\nmodule_fork_in_progress:"
    "0\r\n"
    "module_fork_last_cow_size:0\r\n";
constexpr std::string_view keyspace_text = "# Keyspace\r\ndb0:keys=1000,expires=0,avg_ttl=0\r\n";
constexpr std::string_view no_id = "0000000000000000000000000000000000000000";

std::string field(std::string_view name, std::string_view value) {
  return std::string(name) + ":" + std::string(value) + "\r\n";
}
std::string field(std::string_view name, std::int64_t value) { return field(name, std::to_string(value)); }

std::string dotted(std::uint32_t host) {
  const in_addr address{htonl(host)};
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &address, text, sizeof text);
}

bool is(std::string_view word, std::string_view upper) {
  if (word.size() != upper.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if ((word[i] & ~0x20) != upper[i]) return false;
  return true;
}

}  // namespace

Address address_of(NodeId id) {
  const auto host = net | (first_net + static_cast<std::uint32_t>(id.place)) << 16 |
                    static_cast<std::uint32_t>(id.group / hosts_per_net) << 8 |
                    static_cast<std::uint32_t>(1 + id.group % hosts_per_net);
  const std::size_t port = id.place == 0 ? master_port : master_port + 1 + id.group % replica_ports;
  return {host, static_cast<std::uint16_t>(port)};
}

std::optional<NodeId> node_at(Address address, std::size_t groups) {
  const std::uint32_t last = address.host & 0xff;
  const std::uint32_t place = (address.host >> 16 & 0xff) - first_net;
  const std::size_t group = (address.host >> 8 & 0xff) * hosts_per_net + last - 1;
  if ((address.host & net) != net || last == 0 || place >= nodes_per_group || group >= groups) return std::nullopt;
  return NodeId{group, place};
}

void append_bulk(std::string& out, std::string_view text) {
  out += '$';
  out += std::to_string(text.size());
  out += "\r\n";
  out += text;
  out += "\r\n";
}

Fleet::Fleet(std::size_t groups, Time now) : groups_(groups) {
  for (Group& group : groups_) {
    const std::string replid = new_id();
    for (std::size_t place = 0; place < nodes_per_group; ++place) {
      Node& node = group.nodes.emplace_back();
      node.run_id = new_id();
      node.replid = replid;
      node.since = now;
      if (place != 0) node.follows = 0;
    }
  }
}

std::string Fleet::new_id() {
  char text[41];
  std::snprintf(text, sizeof text, "%040llx", static_cast<unsigned long long>(last_id_++) * 0x9e3779b97f4a7c15ULL);
  return text;
}

bool Fleet::link_up(NodeId id) {
  const Node& self = node(id);
  if (!self.follows) return false;
  const Node& master = node({id.group, *self.follows});
  return master.alive && !master.follows;
}

/// A master writes a byte a microsecond; its replicas have it at once.
std::int64_t Fleet::offset(NodeId id, Time now) {
  const Node& self = node(id);
  if (self.follows) return link_up(id) ? offset({id.group, *self.follows}, now) : self.offset;
  return self.alive ? self.offset + std::chrono::duration_cast<std::chrono::microseconds>(now - self.since).count()
                    : self.offset;
}

void Fleet::kill_master(std::size_t group, Time now) {
  const std::int64_t last = offset({group, 0}, now);
  for (Node& node : groups_[group].nodes) {
    const bool loses_it = node.follows == std::size_t{0};
    if (loses_it || &node == &groups_[group].nodes[0]) node.offset = last;
    if (loses_it) node.since = now;
  }
  groups_[group].nodes[0].alive = false;
  groups_[group].died = now;
}

void Fleet::promote(NodeId id, Time now) {
  Node& self = node(id);
  if (!self.follows) return;
  self.offset = offset(id, now);
  self.second_offset = self.offset + 1;
  self.replid2 = std::exchange(self.replid, new_id());
  self.since = now;
  self.follows.reset();
  if (const auto died = groups_[id.group].died) promotions_.push_back({id.group, now - *died});
}

/// REPLICAOF <host> <port>, of a node of the same group: a partial resync, done at once.
void Fleet::replicate_from(NodeId id, const Words& command, Time now, std::string& out) {
  if (is(command[1], "NO")) {
    promote(id, now);
    out += "+OK\r\n";
    return;
  }
  in_addr host{};
  const bool parsed = inet_pton(AF_INET, std::string(command[1]).c_str(), &host) == 1;
  const auto master = parsed ? node_at({ntohl(host.s_addr), 0}, groups_.size()) : std::nullopt;
  if (!master || master->group != id.group || master->place == id.place) {
    out += "-ERR not a node of this group\r\n";
    return;
  }
  Node& self = node(id);
  const Node& to = node(*master);
  self.offset = offset(id, now);
  self.follows = master->place;
  self.since = now;
  if (link_up(id)) {
    self.replid = to.replid;
    self.replid2 = to.replid2;
    self.second_offset = to.second_offset;
  }
  out += "+OK\r\n";
}

std::string Fleet::replication(NodeId id, Time now) {
  const Node& self = node(id);
  std::string text = "# Replication\r\n";
  const std::int64_t at = offset(id, now);
  if (self.follows) {
    const NodeId master_id{id.group, *self.follows};
    const Address master = address_of(master_id);
    const bool up = link_up(id);
    text += "role:slave\r\n" + field("master_host", dotted(master.host)) + field("master_port", master.port) +
            field("master_link_status", up ? "up" : "down") + field("master_last_io_seconds_ago", up ? 0 : -1) +
            "master_sync_in_progress:0\r\n" + field("slave_read_repl_offset", at) + field("slave_repl_offset", at);
    if (!up) {
      const auto down_for = std::chrono::duration_cast<std::chrono::seconds>(now - self.since).count();
      text += field("master_link_down_since_seconds", down_for);
    }
    text += "slave_priority:100\r\nslave_read_only:1\r\nreplica_announced:1\r\nconnected_slaves:0\r\n";
  } else {
    std::string replicas;
    std::int64_t count = 0;
    for (std::size_t place = 0; place < nodes_per_group; ++place) {
      if (node({id.group, place}).follows != id.place || !node({id.group, place}).alive) continue;
      const Address replica = address_of({id.group, place});
      replicas += "slave" + std::to_string(count++) + ":ip=" + dotted(replica.host) +
                  ",port=" + std::to_string(replica.port) + ",state=online,offset=" + std::to_string(at) + ",lag=0\r\n";
    }
    text += "role:master\r\n" + field("connected_slaves", count) + replicas;
  }
  return text + "master_failover_state:no-failover\r\n" + field("master_replid", self.replid) +
         field("master_replid2", self.replid2.empty() ? no_id : std::string_view(self.replid2)) +
         field("master_repl_offset", at) + field("second_repl_offset", self.second_offset) +
         "repl_backlog_active:1\r\nrepl_backlog_size:1048576\r\n" +
         "repl_backlog_first_byte_offset:1\r\nrepl_backlog_histlen:50\r\n";
}

void Fleet::info(NodeId id, std::string_view section, Time now, std::string& out) {
  if (is(section, "SERVER")) return append_bulk(out, std::string(server_text) + node(id).run_id + "\r\n");
  if (is(section, "REPLICATION")) return append_bulk(out, replication(id, now));
  if (is(section, "PERSISTENCE")) return append_bulk(out, persistence_text);
  if (is(section, "KEYSPACE")) return append_bulk(out, keyspace_text);
  append_bulk(out, "");
}

void Fleet::answer(NodeId id, const Words& command, Time now, std::string& out) {
  const std::string_view word = command[0];
  const std::string_view second = command.size() > 1 ? command[1] : std::string_view{};
  if (is(word, "INFO")) {
    info(id, second, now, out);
  } else if (is(word, "PING")) {
    out += "+PONG\r\n";
  } else if (is(word, "ROLE")) {  // for the bench, through sengu: who answers?
    out += "*2\r\n";
    append_bulk(out, node(id).follows ? "slave" : "master");
    append_bulk(out, dotted(address_of(id).host));
  } else if ((is(word, "REPLICAOF") || is(word, "SLAVEOF")) && command.size() == 3) {
    replicate_from(id, command, now, out);
  } else if (is(word, "CONFIG") && is(second, "GET") && command.size() == 3) {
    out += "*2\r\n";
    append_bulk(out, command[2]);
    append_bulk(out, is(command[2], "MIN-REPLICAS-TO-WRITE") ? "0" : is(command[2], "APPENDONLY") ? "yes" : "");
  } else if (is(word, "CLIENT") && is(second, "KILL")) {
    out += ":0\r\n";
  } else if (is(word, "CLIENT") || is(word, "CONFIG") || is(word, "AUTH")) {  // SETNAME, PAUSE, UNPAUSE; REWRITE, SET
    out += "+OK\r\n";
  } else {
    out += "-ERR unknown command '" + std::string(word) + "'\r\n";
  }
}

}  // namespace bench
