#include "health/redis/info.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace sengu::health::redis {

namespace {

template <typename Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_flag(std::string_view text, bool& out) {
  if (text != "0" && text != "1") return false;
  out = text == "1";
  return true;
}

/// The number behind "keys=", "expires=" or "avg_ttl=" in "keys=12,expires=3,avg_ttl=81,..."; 0 where it is not there.
template <typename Number>
bool read_part(std::string_view value, std::string_view name, Number& out) {
  for (std::string_view rest = value; !rest.empty();) {
    const auto end = std::min(rest.find(','), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.starts_with(name)) return read_number(part.substr(name.size()), out);
  }
  return true;
}

/// The keys of one database.
bool add_database(std::string_view value, ServerInfo& info) {
  std::uint64_t keys = 0, expiring = 0;
  std::int64_t ttl = 0;
  const bool read = value.starts_with("keys=") && read_part(value, "keys=", keys) &&
                    read_part(value, "expires=", expiring) && read_part(value, "avg_ttl=", ttl);
  info.keys += keys;
  info.expiring.count += expiring;
  if (expiring > 0) info.expiring.longest_ttl = std::max(info.expiring.longest_ttl, Milliseconds(ttl));
  return read;
}

/// "db0", "db15"
bool is_database(std::string_view key) {
  return key.size() > 2 && key.starts_with("db") &&
         std::all_of(key.begin() + 2, key.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The fields of INFO as read so far: some values of ServerInfo follow only from several fields together.
struct Draft {
  ServerInfo info;
  std::int64_t master_offset = 0;
  std::int64_t replica_offset = 0;
  bool async_loading = false;
  bool valkey = false;
  bool appends = false;        // aof_enabled
  bool append_failed = false;  // aof_last_write_status
};

bool read_role(std::string_view value, ServerInfo& info) {
  if (value == "master") info.role = Role::master;
  if (value == "slave") info.role = Role::replica;
  return info.role != Role::unknown;
}

bool read_link_down(std::string_view value, ServerInfo& info) {
  std::int64_t seconds = 0;
  if (!read_number(value, seconds)) return false;
  if (seconds >= 0) info.link_down_for = std::chrono::seconds(seconds);  // -1: never up since it started
  return true;
}

/// Run ids and replication ids have 40 hexadecimal digits; they are journalled, so that nothing longer or stranger may
/// pass.
bool read_id(std::string_view value, std::string& id) {
  constexpr std::size_t longest = 64;
  const bool plain = std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (value.size() > longest || !plain) return false;
  id = value;
  return true;
}

bool read_server_field(std::string_view key, std::string_view value, Draft& draft) {
  auto& info = draft.info;
  if (key == "run_id") return read_id(value, info.run_id);
  // Valkey also says redis_version, for the sake of clients: always 7.2.4.
  if (key == "redis_version" && !draft.valkey) info.version = value;
  if (key == "valkey_version") {
    info.version = value;
    draft.valkey = true;
  }
  if (key == "loading") return read_flag(value, info.loading);
  if (key == "async_loading") return read_flag(value, draft.async_loading);
  if (key == "rdb_last_bgsave_status") info.save_failed = value != "ok";
  if (key == "aof_enabled") return read_flag(value, draft.appends);
  if (key == "aof_last_write_status") draft.append_failed = value != "ok";
  // Valkey says server_mode, unless it is told to pass for Redis.
  if ((key == "redis_mode" || key == "server_mode") && value == "cluster") {
    info.unpromotable = "cluster-enabled is yes: it refuses REPLICAOF, so that it cannot be demoted either";
  }
  if (is_database(key)) return add_database(value, info);
  return true;
}

bool read_replication_field(std::string_view key, std::string_view value, Draft& draft) {
  auto& info = draft.info;
  if (key == "role") return read_role(value, info);
  if (key == "master_replid") return read_id(value, info.replid);
  if (key == "master_replid2" && value.find_first_not_of('0') != std::string_view::npos) {
    return read_id(value, info.replid2);
  }
  if (key == "master_repl_offset") return read_number(value, draft.master_offset);
  if (key == "slave_repl_offset") return read_number(value, draft.replica_offset);
  if (key == "second_repl_offset") return read_number(value, info.second_offset);
  if (key == "master_host") info.master.host = value;
  if (key == "master_port") return read_number(value, info.master.port);
  if (key == "master_link_status") info.link_up = value == "up";
  if (key == "master_sync_in_progress") return read_flag(value, info.sync_in_progress);
  if (key == "master_link_down_since_seconds") return read_link_down(value, info);
  if (key == "slave_read_only") return read_flag(value, info.read_only);
  if (key == "slave_priority") return read_number(value, info.priority);
  return true;
}

/// Calls `take(key, value)` for each line "key:value", until it returns false; so does this then.
template <typename Take>
bool read_fields(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    if (!take(line.substr(0, colon), line.substr(colon + 1))) return false;
  }
  return true;
}

boost::system::error_code bad_message() { return make_error_code(boost::system::errc::bad_message); }

}  // namespace

boost::system::result<ServerInfo> parse_info(std::string_view text) {
  Draft draft;
  const bool whole = read_fields(text, [&](std::string_view key, std::string_view value) {
    return read_server_field(key, value, draft) && read_replication_field(key, value, draft);
  });
  auto& info = draft.info;
  if (!whole || info.role == Role::unknown) return bad_message();
  info.offset = info.role == Role::replica ? draft.replica_offset : draft.master_offset;
  info.loading = info.loading || draft.async_loading;
  if (draft.appends && draft.append_failed) {
    info.hindrance =
        "it cannot write its append-only file (aof_last_write_status), and refuses all writes: see its log";
  }
  return info;
}

std::optional<RedisMemory> parse_memory(std::string_view text) {
  RedisMemory memory;
  const bool whole = read_fields(text, [&](std::string_view key, std::string_view value) {
    if (key == "used_memory") return read_number(value, memory.used);
    if (key == "maxmemory") return read_number(value, memory.max);
    if (key == "maxmemory_policy") memory.evicts = value != "noeviction";
    return true;
  });
  if (!whole || memory.used == 0) return std::nullopt;
  return memory;
}

Outcome classify_error(std::string_view line) {
  const auto word = line.substr(0, line.find(' '));
  if (word == "LOADING") return Outcome::loading;
  if (word == "BUSY") return Outcome::busy;
  if (word == "MASTERDOWN") return Outcome::masterdown;
  if (word == "NOAUTH" || word == "WRONGPASS") return Outcome::noauth;
  // Redis 5: a wrong password is "ERR invalid password", a missing one "NOAUTH Authentication required."
  if (line == "ERR invalid password") return Outcome::noauth;
  if (word == "NOPERM") return Outcome::noperm;
  return Outcome::error;
}

bool says_no_password_needed(std::string_view line) {
  return line.find("no password is set") != std::string_view::npos ||
         line.find("without any password configured") != std::string_view::npos;
}

}  // namespace sengu::health::redis
