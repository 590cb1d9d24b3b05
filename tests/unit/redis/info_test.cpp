// INFO of the versions that are in use. 7.0.15 is recorded; the others are written after their sources
// (genRedisInfoString / genValkeyInfoString), reduced to what is around the fields we read.
#include <doctest/doctest.h>

#include "health/redis/info.hpp"

namespace sengu::health::redis {
namespace {

constexpr std::string_view redis_5_replica =
    "# Server\r\nredis_version:5.0.14\r\nredis_mode:standalone\r\nrun_id:1111111111111111111111111111111111111111\r\n"
    "tcp_port:6379\r\nconfig_file:/etc/redis/redis.conf\r\n\n"
    "# Replication\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:up\r\n"
    "master_last_io_seconds_ago:1\r\nmaster_sync_in_progress:0\r\nslave_repl_offset:1400\r\nslave_priority:100\r\n"
    "slave_read_only:1\r\nconnected_slaves:0\r\nmaster_replid:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
    "master_replid2:0000000000000000000000000000000000000000\r\nmaster_repl_offset:1400\r\nsecond_repl_offset:-1\r\n"
    "repl_backlog_active:1\r\n\n"
    "# Persistence\r\nloading:0\r\nrdb_changes_since_last_save:0\r\n\n"
    "# Keyspace\r\ndb0:keys=10,expires=0,avg_ttl=0\r\ndb7:keys=5,expires=5,avg_ttl=100\r\n";

constexpr std::string_view redis_62_link_down =
    "# Server\r\nredis_version:6.2.14\r\nrun_id:2222222222222222222222222222222222222222\r\n"
    "# Replication\r\nrole:slave\r\nmaster_host:fd00::1\r\nmaster_port:6380\r\nmaster_link_status:down\r\n"
    "master_last_io_seconds_ago:-1\r\nmaster_sync_in_progress:1\r\nslave_read_repl_offset:900\r\n"
    "slave_repl_offset:900\r\nmaster_sync_total_bytes:-1\r\nmaster_sync_read_bytes:0\r\n"
    "master_link_down_since_seconds:17\r\nslave_priority:0\r\nslave_read_only:0\r\nreplica_announced:1\r\n"
    "connected_slaves:0\r\nmaster_failover_state:no-failover\r\n"
    "master_replid:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n"
    "master_replid2:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nmaster_repl_offset:900\r\nsecond_repl_offset:801\r\n"
    "# Persistence\r\nloading:0\r\ncurrent_cow_size:0\r\n# Keyspace\r\n";

// Recorded from redis-server 7.0.15 (Debian 12).
constexpr std::string_view redis_70_master =
    "# Server\r\nredis_version:7.0.15\r\nredis_git_sha1:00000000\r\nredis_build_id:ae4d7c971a948f0\r\n"
    "redis_mode:standalone\r\nos:Linux 6.18.44 x86_64\r\nmonotonic_clock:POSIX clock_gettime\r\n"
    "run_id:4433abfe243437373471572f4cdef262926ba292\r\ntcp_port:6379\r\nserver_time_usec:1795271988292803\r\n"
    "executable:/tmp/rs/redis-server\r\nconfig_file:\r\nio_threads_active:0\r\n\n"
    "# Replication\r\nrole:master\r\nconnected_slaves:1\r\n"
    "slave0:ip=127.0.0.2,port=6379,state=online,offset=2800,lag=1\r\nmaster_failover_state:no-failover\r\n"
    "master_replid:d30b44e50b4fd64581069457d209fb0744b92ac3\r\n"
    "master_replid2:0000000000000000000000000000000000000000\r\nmaster_repl_offset:2814\r\nsecond_repl_offset:-1\r\n"
    "repl_backlog_active:0\r\nrepl_backlog_size:1048576\r\n\n"
    "# Persistence\r\nloading:0\r\nasync_loading:0\r\ncurrent_cow_peak:0\r\ncurrent_fork_perc:0.00\r\n\n"
    "# Keyspace\r\ndb0:keys=2000,expires=0,avg_ttl=0\r\n";

constexpr std::string_view redis_8_replica =
    "# Server\r\nredis_version:8.0.2\r\nrun_id:3333333333333333333333333333333333333333\r\n"
    "# Replication\r\nrole:slave\r\nmaster_host:10.0.0.9\r\nmaster_port:7001\r\nmaster_link_status:up\r\n"
    "master_last_io_seconds_ago:0\r\nmaster_sync_in_progress:0\r\nslave_read_repl_offset:77\r\nslave_repl_offset:77\r\n"
    "replica_full_sync_buffer_size:0\r\nreplica_full_sync_buffer_peak:0\r\nmaster_current_sync_attempts:1\r\n"
    "master_total_sync_attempts:1\r\nmaster_link_up_since_seconds:300\r\ntotal_disconnect_time_sec:0\r\n"
    "slave_priority:50\r\nslave_read_only:1\r\nreplica_announced:1\r\nconnected_slaves:0\r\n"
    "master_replid:cccccccccccccccccccccccccccccccccccccccc\r\nmaster_replid2:"
    "0000000000000000000000000000000000000000\r\n"
    "master_repl_offset:77\r\nsecond_repl_offset:-1\r\n# Persistence\r\nloading:0\r\nasync_loading:1\r\n"
    "# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0,subexpiry=0\r\n";

constexpr std::string_view valkey_8_master =
    "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.3\r\nvalkey_release_stage:ga\r\n"
    "server_mode:standalone\r\nrun_id:4444444444444444444444444444444444444444\r\navailability_zone:\r\n"
    "# Replication\r\nrole:master\r\nconnected_slaves:0\r\nreplicas_waiting_psync:0\r\n"
    "master_failover_state:no-failover\r\nmaster_replid:dddddddddddddddddddddddddddddddddddddddd\r\n"
    "master_replid2:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\r\nmaster_repl_offset:5000000000\r\n"
    "second_repl_offset:4999999001\r\n# "
    "Persistence\r\nloading:1\r\nasync_loading:0\r\nloading_start_time:1700000000\r\n"
    "loading_total_bytes:1\r\n# Keyspace\r\n";

// Valkey 9 says valkey_version before redis_version nowhere, but nothing promises the order.
constexpr std::string_view valkey_9_replica =
    "# Server\r\nvalkey_version:9.0.0\r\nredis_version:7.2.4\r\nserver_name:valkey\r\n"
    "run_id:5555555555555555555555555555555555555555\r\n# Replication\r\nrole:slave\r\nmaster_host:10.1.0.1\r\n"
    "master_port:6379\r\nmaster_link_status:down\r\nmaster_sync_in_progress:0\r\nslave_repl_offset:1\r\n"
    "master_link_down_since_seconds:-1\r\nslave_priority:100\r\nslave_read_only:1\r\n"
    "master_replid:ffffffffffffffffffffffffffffffffffffffff\r\nmaster_replid2:"
    "0000000000000000000000000000000000000000\r\n"
    "master_repl_offset:1\r\nsecond_repl_offset:-1\r\n# Persistence\r\nloading:0\r\n"
    "# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=0\r\ndb1:keys=2,expires=0\r\n";

ServerInfo good(std::string_view text) {
  auto info = parse_info(text);
  REQUIRE(info.has_value());
  return *info;
}

TEST_CASE("redis info: Redis 5.0 replica") {
  const auto info = good(redis_5_replica);
  CHECK(info.role == Role::replica);
  CHECK(info.version == "5.0.14");
  CHECK(info.run_id == std::string(40, '1'));
  CHECK(info.replid == std::string(40, 'a'));
  CHECK(info.replid2.empty());
  CHECK(info.offset == 1400);
  CHECK(info.second_offset == -1);
  CHECK(info.keys == 15);
  CHECK(info.master == Endpoint{"10.0.0.1", 6379});
  CHECK(info.link_up);
  CHECK(info.read_only);
  CHECK(info.priority == 100);
  CHECK_FALSE(info.link_down_for);
}

TEST_CASE("redis info: Redis 6.2 replica that lost its master") {
  const auto info = good(redis_62_link_down);
  CHECK(info.master == Endpoint{"fd00::1", 6380});
  CHECK_FALSE(info.link_up);
  CHECK(info.sync_in_progress);
  CHECK(info.link_down_for == std::chrono::seconds(17));
  CHECK(info.priority == 0);
  CHECK_FALSE(info.read_only);
  CHECK(info.replid2 == std::string(40, 'a'));
  CHECK(info.second_offset == 801);
  CHECK(info.keys == 0);
}

TEST_CASE("redis info: Redis 7.0 master") {
  const auto info = good(redis_70_master);
  CHECK(info.role == Role::master);
  CHECK(info.version == "7.0.15");
  CHECK(info.offset == 2814);
  CHECK(info.keys == 2000);
  CHECK_FALSE(info.loading);
  CHECK(info.master == Endpoint{});
}

TEST_CASE("redis info: Redis 8 replica, async_loading counts as loading") {
  const auto info = good(redis_8_replica);
  CHECK(info.version == "8.0.2");
  CHECK(info.offset == 77);
  CHECK(info.priority == 50);
  CHECK(info.loading);
  CHECK(info.keys == 1);
}

TEST_CASE("redis info: Valkey is known by its own version, in any order") {
  const auto eight = good(valkey_8_master);
  CHECK(eight.version == "8.1.3");
  CHECK(eight.offset == 5000000000);
  CHECK(eight.second_offset == 4999999001);
  CHECK(eight.loading);
  const auto nine = good(valkey_9_replica);
  CHECK(nine.version == "9.0.0");
  CHECK(nine.keys == 3);
  CHECK_FALSE(nine.link_down_for);
}

TEST_CASE("redis info: what would keep it from serving as a master, or from being one") {
  const std::string sound =
      "role:master\r\nredis_mode:standalone\r\nrdb_last_bgsave_status:ok\r\naof_enabled:1\r\n"
      "aof_last_write_status:ok\r\n";
  const auto parsed = [&](const std::string& more) {
    const auto info = parse_info(sound + more);
    REQUIRE(info.has_value());
    return *info;
  };
  CHECK_FALSE(parsed("").save_failed);
  CHECK(parsed("").hindrance.empty());
  CHECK(parsed("").unpromotable.empty());
  CHECK(parsed("rdb_last_bgsave_status:err\r\n").save_failed);
  CHECK(parsed("rdb_last_bgsave_status:err\r\n").hindrance.empty());  // the settings may allow writes
  CHECK(parsed("aof_last_write_status:err\r\n").hindrance.find("aof_last_write_status") != std::string::npos);
  CHECK(parsed("aof_last_write_status:err\r\naof_enabled:0\r\n").hindrance.empty());  // of before it was switched off
  CHECK(parsed("redis_mode:cluster\r\n").unpromotable.starts_with("cluster-enabled is yes"));
  CHECK(parsed("server_mode:cluster\r\n").unpromotable.starts_with("cluster-enabled is yes"));
}

TEST_CASE("redis info: what cannot be believed is an error") {
  CHECK(parse_info("").has_error());
  CHECK(parse_info("run_id:a\r\nredis_version:7.0.15\r\n").has_error());
  CHECK(parse_info("role:sentinel\r\n").has_error());
  CHECK(parse_info("role:master\r\nmaster_repl_offset:12x\r\n").has_error());
  CHECK(parse_info("role:master\r\nmaster_repl_offset:\r\n").has_error());
  CHECK(parse_info("role:slave\r\nmaster_port:70000\r\n").has_error());
  CHECK(parse_info("role:master\r\nloading:maybe\r\n").has_error());
  CHECK(parse_info("role:master\r\ndb0:expires=1\r\n").has_error());
  CHECK(parse_info("role:master\r\ndb0:keys=-1,expires=1\r\n").has_error());
}

TEST_CASE("redis info: every cut of a text is read without harm") {
  for (std::size_t size = 0; size <= redis_62_link_down.size(); ++size) {
    static_cast<void>(parse_info(redis_62_link_down.substr(0, size)));
  }
  CHECK(good("role:master\nnonsense\n:\n::\ndatabase:5\ndb:1\nlast").role == Role::master);
}

TEST_CASE("redis info: error lines") {
  CHECK(classify_error("LOADING Redis is loading the dataset in memory") == Outcome::loading);
  CHECK(classify_error("BUSY Redis is busy running a script.") == Outcome::busy);
  CHECK(classify_error("MASTERDOWN Link with MASTER is down") == Outcome::masterdown);
  CHECK(classify_error("NOAUTH Authentication required.") == Outcome::noauth);
  CHECK(classify_error("WRONGPASS invalid username-password pair or user is disabled.") == Outcome::noauth);
  CHECK(classify_error("ERR invalid password") == Outcome::noauth);
  CHECK(classify_error("NOPERM this user has no permissions") == Outcome::noperm);
  CHECK(classify_error("ERR max number of clients reached") == Outcome::error);
  CHECK(classify_error("BUSYGROUP x") == Outcome::error);
  CHECK(classify_error("") == Outcome::error);
  CHECK(says_no_password_needed("ERR Client sent AUTH, but no password is set"));
}

}  // namespace
}  // namespace sengu::health::redis
