// Versions, and the statements that each of them understands. MySQL 9.7 and MariaDB 10.11 are tried in tests/real;
// the older ones are written down from their manuals.
#include <doctest/doctest.h>

#include "health/mysql/dialect.hpp"
#include "health/mysql/text.hpp"

namespace sengu::health::mysql {
namespace {

Dialect of(const char* version) {
  const auto dialect = Dialect::of(version);
  REQUIRE(dialect);
  return *dialect;
}

TEST_CASE("mysql dialect: flavour and version") {
  struct Row {
    const char* said;
    const char* version;
    SqlInfo::Flavour flavour;
  };
  for (const Row& row :
       {Row{"9.7.4-2", "9.7.4", SqlInfo::Flavour::mysql}, Row{"5.7.44-log", "5.7.44", SqlInfo::Flavour::mysql},
        Row{"8.0.36-28", "8.0.36", SqlInfo::Flavour::mysql}, Row{"8.4", "8.4", SqlInfo::Flavour::mysql},
        Row{"10.11.19-MariaDB-0+deb12u1-log", "10.11.19", SqlInfo::Flavour::mariadb},
        Row{"5.5.5-10.3.39-MariaDB", "10.3.39", SqlInfo::Flavour::mariadb},
        Row{"12.0.2-MariaDB-ubu2404", "12.0.2", SqlInfo::Flavour::mariadb}}) {
    CAPTURE(row.said);
    CHECK(of(row.said).version() == row.version);
    CHECK(of(row.said).flavour() == row.flavour);
  }
  for (const char* none : {"", "MariaDB", "x.y", "8", "8.", ".8", "99999999999999.1"}) CHECK_FALSE(Dialect::of(none));
}

TEST_CASE("mysql dialect: when the statements began to say replica and source") {
  CHECK(of("5.7.44").replication() == "SHOW SLAVE STATUS");
  CHECK(of("8.0.21").replication() == "SHOW SLAVE STATUS");
  CHECK(of("8.0.22").replication() == "SHOW REPLICA STATUS");
  CHECK(of("9.7.4").replication() == "SHOW REPLICA STATUS");
  CHECK(of("10.11.19-MariaDB").replication() == "SHOW ALL SLAVES STATUS");
  CHECK(of("8.0.21").source_column("Host") == "Master_Host");
  CHECK(of("8.0.22").source_column("Host") == "Source_Host");
  CHECK(of("10.11.19-MariaDB").replica_column("IO_Running") == "Slave_IO_Running");
  CHECK(of("8.0.22").replica_column("IO_Running") == "Replica_IO_Running");
  CHECK(of("8.0.21").behind_column() == "Seconds_Behind_Master");
  CHECK(of("8.4.0").behind_column() == "Seconds_Behind_Source");

  CHECK(of("8.0.21").stop(ReplicaThreads::receiver) == "STOP SLAVE IO_THREAD FOR CHANNEL ''");
  CHECK(of("8.0.22").stop(ReplicaThreads::receiver) == "STOP REPLICA IO_THREAD FOR CHANNEL ''");
  CHECK(of("10.11.19-MariaDB").stop(ReplicaThreads::receiver) == "STOP SLAVE IO_THREAD");
  CHECK(of("9.0.0").start(ReplicaThreads::receiver) == "START REPLICA IO_THREAD FOR CHANNEL ''");
  CHECK(of("5.7.44").start(ReplicaThreads::both) == "START SLAVE FOR CHANNEL ''");
  CHECK(of("9.0.0").forget_source() == "RESET REPLICA ALL FOR CHANNEL ''");
  CHECK(of("10.11.19-MariaDB").forget_source() == "RESET SLAVE ALL");
}

TEST_CASE("mysql dialect: how a source is changed") {
  const ReplicationTls by_tls{.on = true};
  const Source kept{{"10.0.0.2", 3306}, true, {}, {}, {}};
  const Source kept_tls{{"10.0.0.2", 3306}, true, by_tls, {}, {}};
  const Source fresh{{"10.0.0.2", 3306}, false, {}, "repl", {"it's \\ me"}};
  const Source fresh_tls{{"fd00::2", 3307}, false, by_tls, "repl", {"x"}};
  const Source fresh_verified{
      {"10.0.0.2", 3306}, false, {true, "/ca.pem", "", "/c.pem", "/k.pem", true}, "repl", {"x"}};
  CHECK(of("9.7.4").change_source(kept) ==
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST='10.0.0.2', SOURCE_PORT=3306, SOURCE_CONNECT_RETRY=1, "
        "SOURCE_HEARTBEAT_PERIOD=0.5, SOURCE_RETRY_COUNT=0, "
        "SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1 FOR CHANNEL ''");
  CHECK(of("9.7.4").change_source(kept_tls).find("PUBLIC_KEY") == std::string::npos);
  CHECK(of("8.0.23").change_source(kept).starts_with("CHANGE REPLICATION SOURCE TO SOURCE_HOST="));
  CHECK(
      of("8.0.22").change_source(kept) ==
      "CHANGE MASTER TO MASTER_HOST='10.0.0.2', MASTER_PORT=3306, MASTER_CONNECT_RETRY=1, MASTER_HEARTBEAT_PERIOD=0.5, "
      "MASTER_RETRY_COUNT=0, MASTER_AUTO_POSITION=1, GET_MASTER_PUBLIC_KEY=1 FOR CHANNEL ''");
  CHECK(of("5.7.44").change_source(fresh) ==
        "CHANGE MASTER TO MASTER_HOST='10.0.0.2', MASTER_PORT=3306, MASTER_USER='repl', MASTER_PASSWORD='it\\'s \\\\ "
        "me', "
        "MASTER_SSL=0, MASTER_CONNECT_RETRY=1, MASTER_HEARTBEAT_PERIOD=0.5, MASTER_RETRY_COUNT=0, "
        "MASTER_AUTO_POSITION=1 FOR CHANNEL ''");
  CHECK(of("9.7.4").change_source(fresh_tls).starts_with(
      "CHANGE REPLICATION SOURCE TO SOURCE_HOST='fd00::2', SOURCE_PORT=3307, SOURCE_USER='repl', SOURCE_PASSWORD='x', "
      "SOURCE_SSL=1, SOURCE_CONNECT_RETRY=1, "));
  CHECK(of("10.11.19-MariaDB")
            .change_source(fresh_verified)
            .find("MASTER_SSL=1, MASTER_SSL_CA='/ca.pem', MASTER_SSL_CERT='/c.pem', MASTER_SSL_KEY='/k.pem', "
                  "MASTER_SSL_VERIFY_SERVER_CERT=1, MASTER_CONNECT_RETRY=1") != std::string::npos);
  CHECK(
      of("10.11.19-MariaDB").change_source(kept) ==
      "CHANGE MASTER TO MASTER_HOST='10.0.0.2', MASTER_PORT=3306, MASTER_CONNECT_RETRY=1, MASTER_HEARTBEAT_PERIOD=0.5, "
      "MASTER_USE_GTID=slave_pos");
  CHECK(of("10.10.1-MariaDB").change_source(fresh).ends_with(", MASTER_USE_GTID=slave_pos, MASTER_DEMOTE_TO_SLAVE=1"));
  CHECK(of("10.9.8-MariaDB").change_source(fresh).ends_with(", MASTER_USE_GTID=slave_pos"));
  CHECK(of("10.9.8-MariaDB").adopt_own_position() == "SET GLOBAL gtid_slave_pos=@@GLOBAL.gtid_current_pos");
  CHECK(of("10.11.19-MariaDB").adopt_own_position().empty());
  CHECK(of("9.7.4").adopt_own_position().empty());
}

TEST_CASE("mysql dialect: the rest of what is told") {
  CHECK(of("9.7.4").fence() == "SET GLOBAL super_read_only=ON");
  CHECK(of("10.11.19-MariaDB").fence() == "SET GLOBAL read_only=ON");
  CHECK(of("9.7.4").unfence() == "SET GLOBAL read_only=OFF");
  using namespace std::chrono_literals;
  CHECK(of("9.7.4").await_applied("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5", 1050ms) ==
        "SELECT WAIT_FOR_EXECUTED_GTID_SET('3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5', 1.050) AS answer");
  CHECK(of("10.11.19-MariaDB").await_applied("0-1-5", 9ms) == "SELECT MASTER_GTID_WAIT('0-1-5', 0.009) AS answer");
  CHECK(of("10.11.19-MariaDB").await_applied("0-1-5", -9ms) == "SELECT MASTER_GTID_WAIT('0-1-5', 0.000) AS answer");
  CHECK(Dialect::await_position({"bin.000001", 900}, 2s) == "SELECT MASTER_POS_WAIT('bin.000001', 900, 2) AS answer");
  CHECK(of("9.7.4").without_delay() == "CHANGE REPLICATION SOURCE TO SOURCE_DELAY=0 FOR CHANNEL ''");
  CHECK(of("5.7.44").without_delay() == "CHANGE MASTER TO MASTER_DELAY=0 FOR CHANNEL ''");
  CHECK(of("9.7.4").stop(ReplicaThreads::applier) == "STOP REPLICA SQL_THREAD FOR CHANNEL ''");
  CHECK(of("5.7.44").start(ReplicaThreads::applier) == "START SLAVE SQL_THREAD FOR CHANNEL ''");
  CHECK(of("9.7.4").point_at({"10.0.0.2", 3306}) ==
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST='10.0.0.2', SOURCE_PORT=3306, SOURCE_HEARTBEAT_PERIOD=0.5, "
        "SOURCE_RETRY_COUNT=0, GET_SOURCE_PUBLIC_KEY=1 FOR CHANNEL ''");
  CHECK(of("5.7.44").point_at({"10.0.0.2", 3306}).find("PUBLIC_KEY") == std::string::npos);
  CHECK(
      when_started(of("5.7.44")) ==
      "SELECT UNIX_TIMESTAMP() - CAST(VARIABLE_VALUE AS SIGNED) AS started FROM performance_schema.global_status WHERE "
      "VARIABLE_NAME = 'Uptime'");
  CHECK(
      when_started(of("10.11.19-MariaDB")) ==
      "SELECT UNIX_TIMESTAMP() - CAST(VARIABLE_VALUE AS SIGNED) AS started FROM information_schema.GLOBAL_STATUS WHERE "
      "VARIABLE_NAME = 'Uptime'");
  CHECK(of("9.7.4").binary_log() == "SHOW BINARY LOG STATUS");
  CHECK(of("8.0.36").binary_log() == "SHOW MASTER STATUS");
  CHECK(of("10.11.19-MariaDB").binary_log() == "SHOW MASTER STATUS");
  CHECK(of("9.7.4").heartbeats().find("replication_connection_status") != std::string::npos);
  CHECK(of("9.7.4").heartbeats().find("LAST_QUEUED_TRANSACTION") != std::string::npos);
  CHECK(of("5.7.44").heartbeats().find("LAST_QUEUED_TRANSACTION") == std::string::npos);
  CHECK(of("10.11.19-MariaDB").heartbeats().empty());
  CHECK(set_global("rpl_semi_sync_source_enabled", "ON") == "SET GLOBAL rpl_semi_sync_source_enabled=ON");
}

TEST_CASE("mysql text: quoted, and without what is secret") {
  using namespace std::string_literals;
  CHECK(quoted("plain") == "'plain'");
  CHECK(quoted("a'b\\c\"d") == "'a\\'b\\\\c\"d'");
  CHECK(quoted("a\0b"s) == "'a\\0b'");
  CHECK(quoted("'; DROP TABLE x; --") == "'\\'; DROP TABLE x; --'");
  CHECK(without_secret("near 'pa\\'ss' and pa'ss", "pa'ss") == "near '***' and ***");
  CHECK(without_secret("***", "*") == "*********");
  CHECK(without_secret("nothing", "") == "nothing");
}

}  // namespace
}  // namespace sengu::health::mysql
