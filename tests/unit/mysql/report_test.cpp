// Rows to ServerInfo, and what a row of probes says of the source. The rows of MySQL 9.7 and MariaDB 10.11 were
// recorded; those of MySQL 5.7 are its manual's.
#include <doctest/doctest.h>

#include "health/mysql/position_watch.hpp"
#include "health/mysql/report.hpp"
#include "health/mysql/source_watch.hpp"
#include "tests/support/sql_rows.hpp"

namespace sengu::health::mysql {
namespace {

using namespace std::chrono_literals;
using test::Fields;
using test::mariadb_status;
using test::mariadb_tables;
using test::mariadb_variables;
using test::mysql_status;
using test::mysql_tables;
using test::mysql_variables;
using test::pairs;
using test::read;
using test::row_of;
using test::uuid;

TEST_CASE("mysql report: a master of MySQL 9.7") {
  const auto info =
      read(mysql_tables(mysql_variables, std::string(uuid) + ":1-5,\n3e11fa47-71ca-11e1-9e33-c80aa9429562:1"));
  CHECK(info.role == Role::master);
  CHECK(info.run_id == uuid);
  CHECK(info.version == "9.7.4");
  CHECK(info.offset == 6);
  CHECK_FALSE(info.read_only);
  CHECK(info.priority == 100);
  CHECK(info.keys == 0);
  CHECK(info.sql->uptime == 460s);
  CHECK(info.sql->started == 0s);  // not told
  CHECK(info.sql->net_timeout == 4s);
  CHECK(info.sql->semi_sync_source == SemiSync::on);
  CHECK(info.sql->semi_sync_replica == SemiSync::off);
  CHECK(info.sql->semi_sync_clients == 2);
  CHECK(info.sql->semi_sync_waiting == 1);
  CHECK(info.sql->gtids);
  CHECK_FALSE(info.sql->super_read_only);
}

TEST_CASE("mysql report: when the process was started") {
  auto tables = mysql_tables(mysql_variables, std::string(uuid) + ":1-5");
  tables.started = row_of({{"started", "1800000000"}});
  CHECK(read(tables).sql->started == 1'800'000'000s);
  for (const auto* nonsense : {"-5", "", "1800000000.5"}) {
    tables.started = row_of({{"started", nonsense}});
    CHECK(read(tables).sql->started == 0s);
  }
}

TEST_CASE("mysql report: filters of its replication and of its binary log") {
  auto tables = mysql_tables(mysql_variables, std::string(uuid) + ":1-5", mysql_status);
  CHECK(read(tables).sql->filter.empty());
  tables.log = row_of({{"File", "bin.000001"}, {"Binlog_Do_DB", ""}, {"Binlog_Ignore_DB", "scratch"}});
  CHECK(read(tables).sql->filter == "Binlog_Ignore_DB=scratch");
  auto filtered = mysql_status;
  filtered["Replicate_Ignore_DB"] = "logs,audit";
  filtered["Replicate_Wild_Do_Table"] = "shop.%";
  tables.replication = row_of(filtered);
  CHECK(read(tables).sql->filter ==
        "Replicate_Ignore_DB=logs,audit, Replicate_Wild_Do_Table=shop.%, Binlog_Ignore_DB=scratch");
}

TEST_CASE("mysql report: a receiver that gave up is told from one that was stopped") {
  const auto gave_up = [](const std::string& running, const std::string& error, const std::string& allowed) {
    auto status = mysql_status;
    status["Replica_IO_Running"] = running;
    status["Last_IO_Errno"] = "2003";
    status["Last_IO_Error"] = error;
    status["Source_Retry_Count"] = allowed;
    return read(mysql_tables(mysql_variables, std::string(uuid) + ":1-5", status)).sql->gave_up;
  };
  const auto attempt = [](const std::string& count) {
    return "Error connecting to source 'repl@10.0.0.1:3306'. This was attempt " + count +
           ", with a delay of 1 seconds between attempts. Message: Can't connect to MySQL server";
  };
  CHECK(gave_up("No", attempt("10/10"), "10"));
  CHECK_FALSE(gave_up("No", attempt("9/10"), "10"));  // a person stopped it
  CHECK_FALSE(gave_up("Connecting", attempt("10/10"), "10"));
  CHECK_FALSE(gave_up("No", attempt("13/0"), "0"));  // it may try for ever
  CHECK(gave_up("No", "error connecting to master 'repl@10.0.0.1:3306' - retry-time: 60 retries: 86400", "86400"));
  CHECK(gave_up("No", "error connecting to master 'r@h:1' - retry-time: 60 retries: 10 message: Can't connect", "10"));
  CHECK_FALSE(gave_up("No", "error connecting to master 'r@h:1' - retry-time: 60 retries: 10 message: x", "100"));
}

TEST_CASE("mysql report: how it reaches its source by TLS") {
  auto status = mysql_status;
  status["Source_SSL_Allowed"] = "No";
  CHECK_FALSE(read(mysql_tables(mysql_variables, "", status)).sql->source_tls.on);
  status["Source_SSL_Allowed"] = "Yes";
  status["Source_SSL_CA_File"] = "/ca.pem";
  status["Source_SSL_Verify_Server_Cert"] = "No";
  const ReplicationTls expected{true, "/ca.pem", "", "", "", false};
  CHECK(read(mysql_tables(mysql_variables, "", status)).sql->source_tls == expected);
}

TEST_CASE("mysql report: what would keep it from serving") {
  auto variables = mysql_variables;
  CHECK(read(mysql_tables(variables, "")).hindrance.empty());
  variables["offline_mode"] = "ON";
  CHECK(read(mysql_tables(variables, "")).hindrance.starts_with("offline_mode is ON"));
  auto tables = mysql_tables(mysql_variables, "", mysql_status);
  tables.locks = row_of({{"holder", "47"}});
  CHECK(read(tables).hindrance.starts_with("thread 47 holds a lock"));
}

TEST_CASE("mysql report: a replica of MySQL 9.7") {
  auto tables = mysql_tables(mysql_variables, std::string(uuid) + ":1-5", mysql_status);
  tables.heartbeats = row_of({{"received", "17"}, {"period", "0.5000"}});
  const auto info = read(tables);
  CHECK(info.role == Role::replica);  // also where it is writable
  CHECK_FALSE(info.read_only);
  CHECK(info.master == Endpoint{"10.0.0.1", 3306});
  CHECK(info.link_up);
  CHECK(info.sql->receiving);
  CHECK(info.sql->applying);
  CHECK(info.sql->behind == 3s);
  CHECK(info.sql->delay == 0s);
  CHECK(info.sql->heartbeats == 17);
  CHECK(info.sql->heartbeat_period == 500ms);
  CHECK(info.offset == 9);
  CHECK(info.sql->received.minus(info.sql->executed).text() == std::string(uuid) + ":6-9");
  tables.heartbeats = row_of({{"received", "17"}, {"period", "0.5000"}, {"silent", "12"}});
  CHECK_FALSE(read(tables).link_down_for);
  auto connecting = mysql_status;
  connecting["Replica_IO_Running"] = "Connecting";
  tables = mysql_tables(mysql_variables, std::string(uuid) + ":1-5", connecting);
  tables.heartbeats = row_of({{"received", "17"}, {"period", "0.5000"}, {"silent", "12"}});
  CHECK(read(tables).link_down_for == 12s);
}

TEST_CASE("mysql report: roles by source and writability") {
  auto variables = mysql_variables;
  variables["read_only"] = "ON";
  const auto fenced = read(mysql_tables(variables, ""));
  CHECK(fenced.role == Role::replica);
  CHECK(fenced.master.host.empty());
  CHECK(fenced.read_only);
  CHECK_FALSE(fenced.sql->super_read_only);
  auto reset = mysql_status;
  reset["Source_Host"] = "";  // RESET REPLICA leaves such a row
  CHECK(read(mysql_tables(mysql_variables, "", reset)).role == Role::master);
  for (const char* word : {"READ_ONLY", "READ_ONLY_NO_LOCK_NO_ADMIN", "1", "ON"}) {  // MariaDB 12
    auto words = mariadb_variables;
    words["read_only"] = word;
    CHECK(read(mariadb_tables(words)).read_only);
  }
}

TEST_CASE("mysql report: threads and errors of a replica") {
  auto status = mysql_status;
  status["Replica_IO_Running"] = "Connecting";
  status["Replica_SQL_Running"] = "No";
  status["Last_IO_Errno"] = "2003";
  status["Last_IO_Error"] = "Error connecting to source\n'repl@10.0.0.1:3306'";
  status["Last_SQL_Errno"] = "1062";
  status["Last_SQL_Error"] = std::string(500, 'x');
  const auto info = read(mysql_tables(mysql_variables, "", status));
  CHECK_FALSE(info.link_up);
  CHECK(info.sql->receiving);
  CHECK_FALSE(info.sql->applying);
  CHECK(info.sql->receive_error == "2003 Error connecting to source?'repl@10.0.0.1:3306'");
  CHECK(info.sql->apply_error.starts_with("1062 xxx"));
  CHECK(info.sql->apply_error.size() == 200);
}

TEST_CASE("mysql report: a replica of MariaDB 10.11") {
  const auto info = read(mariadb_tables(mariadb_variables, mariadb_status));
  CHECK(info.role == Role::replica);
  CHECK(info.run_id == "11");
  CHECK(info.version == "10.11.19");
  CHECK(info.master == Endpoint{"127.0.0.1", 14401});
  CHECK_FALSE(info.link_up);
  CHECK(info.sql->receiving);
  CHECK_FALSE(info.sql->behind);
  CHECK(info.sql->heartbeats == 914);
  CHECK(info.sql->heartbeat_period == 500ms);
  CHECK_FALSE(info.sql->semi_sync_after_sync);
  CHECK(info.sql->super_read_only);
  CHECK(info.sql->received.minus(info.sql->executed).count() == 1);
  CHECK(info.sql->executed == GtidSet::parse_mariadb("0-14401-50,0-7-12"));
}

TEST_CASE("mysql report: a delay is called the same on either flavour") {
  auto mysql = mysql_status;
  mysql["SQL_Delay"] = "3600";
  CHECK(read(mysql_tables(mysql_variables, "", mysql)).sql->delay == 3600s);
  auto mariadb = mariadb_status;
  mariadb["SQL_Delay"] = "60";
  CHECK(read(mariadb_tables(mariadb_variables, mariadb)).sql->delay == 60s);
}

TEST_CASE("mysql report: MariaDB by file and position") {
  auto status = mariadb_status;
  status["Using_Gtid"] = "Slave_Pos";
  CHECK_FALSE(read(mariadb_tables(mariadb_variables, status)).sql->by_position);
  status["Using_Gtid"] = "No";
  status["Gtid_IO_Pos"] = "0-14401-99";  // of the time before
  status["Master_Server_Id"] = "11";
  status["Master_Log_File"] = "bin.000002";
  status["Read_Master_Log_Pos"] = "5011";
  status["Relay_Master_Log_File"] = "bin.000001";
  status["Exec_Master_Log_Pos"] = "681";
  status["Slave_SQL_Running_State"] = "Waiting for table metadata lock";
  auto info = read(mariadb_tables(mariadb_variables, status));
  REQUIRE(info.sql->by_position);
  CHECK(info.sql->received == info.sql->executed);
  CHECK(info.sql->by_position->source == "11");
  CHECK(info.sql->by_position->received == LogPosition{"bin.000002", 5011});
  CHECK(info.sql->by_position->applied == LogPosition{"bin.000001", 681});
  CHECK_FALSE(info.sql->by_position->idle);

  status["Slave_SQL_Running_State"] = "Slave has read all relay log; waiting for more updates";
  CHECK(read(mariadb_tables(mariadb_variables, status)).sql->by_position->idle);
  auto workers = mariadb_variables;
  workers["slave_parallel_threads"] = "4";  // its workers may wait for a lock, and it says the same (tried on 10.11)
  CHECK_FALSE(read(mariadb_tables(workers, status)).sql->by_position->idle);
  workers["slave_parallel_threads"] = "0";
  CHECK(read(mariadb_tables(workers, status)).sql->by_position->idle);

  status["Master_Server_Id"] = "0";  // not connected since its start
  CHECK(read(mariadb_tables(mariadb_variables, status)).sql->by_position->source.empty());
  status["Master_Log_File"] = status["Relay_Master_Log_File"] = "";
  status["Read_Master_Log_Pos"] = "4";
  CHECK(read(mariadb_tables(mariadb_variables, status)).sql->by_position->all_applied());
  status["Master_Log_File"] = "nonsense";
  CHECK_FALSE(read_report(*Dialect::of("10.11.19-MariaDB"), mariadb_tables(mariadb_variables, status)).info);
}

TEST_CASE("mysql report: MySQL 5.7 by its old names, and without the plugins") {
  const Fields variables{{"version", "5.7.44-log"},
                         {"server_uuid", uuid},
                         {"read_only", "ON"},
                         {"super_read_only", "ON"},
                         {"log_bin", "ON"},
                         {"log_slave_updates", "OFF"},
                         {"gtid_mode", "ON_PERMISSIVE"},
                         {"enforce_gtid_consistency", "ON"},
                         {"slave_net_timeout", "60"}};
  Fields status;
  for (const auto& [name, value] : mysql_status) {
    auto old = name;
    if (old.starts_with("Source")) old.replace(0, 6, "Master");
    if (old.starts_with("Replica")) old.replace(0, 7, "Slave");
    if (old == "Seconds_Behind_Source") old = "Seconds_Behind_Master";
    status[old] = value;
  }
  const auto info = read(mysql_tables(variables, "", status));
  CHECK(info.link_up);
  CHECK(info.master == Endpoint{"10.0.0.1", 3306});
  CHECK(info.sql->behind == 3s);
  CHECK(info.sql->net_timeout == 60s);
  CHECK_FALSE(info.sql->logs_updates);
  CHECK_FALSE(info.sql->gtids);
  CHECK(info.sql->super_read_only);
  CHECK(info.sql->semi_sync_source == SemiSync::absent);
}

TEST_CASE("mysql report: further sources are counted and ignored") {
  auto tables = mysql_tables(mysql_variables, "");
  Fields other = mysql_status;
  other["Channel_Name"] = "other";
  other["Source_Host"] = "10.0.0.99";
  tables.replication = row_of(other);
  CHECK(read(tables).role == Role::master);
  CHECK(read(tables).sql->other_channels == 1);
  tables.replication.rows.push_back(row_of(mysql_status).rows.front());
  CHECK(read(tables).role == Role::replica);
  CHECK(read(tables).master.host == "10.0.0.1");
  CHECK(read(tables).sql->other_channels == 1);
}

TEST_CASE("mysql report: what cannot be read is no report") {
  const auto problem = [](const Tables& tables) {
    const auto report = read_report(*Dialect::of("9.7.4"), tables);
    CHECK_FALSE(report.info);
    return report.problem;
  };
  auto variables = mysql_variables;
  variables["server_uuid"] = "'; --";
  CHECK(problem(mysql_tables(variables, "")) == "no server_uuid or server_id");
  CHECK(problem(mysql_tables(mysql_variables, "nonsense")) == "a set of transactions that cannot be read");
  CHECK(problem({pairs(mysql_variables), {}, {}, {}, {}}) == "a set of transactions that cannot be read");
  auto status = mysql_status;
  status["Source_Port"] = "70000";
  CHECK(problem(mysql_tables(mysql_variables, "", status)) == "a replication status that cannot be read");
  status = mysql_status;
  status["Retrieved_Gtid_Set"] = "0-1-5";
  CHECK(problem(mysql_tables(mysql_variables, "", status)) == "a replication status that cannot be read");
}

struct Watch {
  SourceWatch watch;
  Time now{1h};
  ServerInfo info;

  Watch() {
    info.role = Role::replica;
    info.master = {"10.0.0.1", 3306};
    info.sql.emplace().heartbeat_period = 500ms;
  }
  bool take(Milliseconds after, bool io_yes, std::int64_t heartbeats, std::int64_t received = 0) {
    now += after;
    info.link_up = io_yes;
    info.link_down_for.reset();
    info.sql->heartbeats = heartbeats;
    info.offset = received;
    watch.take(info, now);
    return info.link_up;
  }
};

TEST_CASE("mysql position watch: an applier that stands idle for a second has come to rest") {
  PositionWatch watch;
  Time now{1h};
  const auto take = [&](Milliseconds after, std::uint64_t received, std::uint64_t applied, const char* state) {
    ServerInfo info;
    ByPosition& by = info.sql.emplace().by_position.emplace();
    by.received = {"bin.000001", received};
    by.applied = {"bin.000001", applied};
    by.idle = state == std::string("idle");
    watch.take(info, now += after);
    return info.sql->by_position->at_rest;
  };
  CHECK_FALSE(take(0ms, 900, 500, "idle"));
  CHECK_FALSE(take(900ms, 900, 500, "idle"));
  CHECK(take(100ms, 900, 500, "idle"));
  CHECK(take(500ms, 900, 500, "idle"));
  CHECK_FALSE(take(500ms, 900, 600, "idle"));  // it was not at its end
  CHECK_FALSE(take(900ms, 900, 600, "busy"));
  CHECK_FALSE(take(900ms, 900, 600, "idle"));
  CHECK(take(1000ms, 900, 600, "idle"));
  CHECK_FALSE(take(100ms, 950, 600, "idle"));  // more came
  ServerInfo by_gtids;
  by_gtids.sql.emplace();
  watch.take(by_gtids, now);
  CHECK_FALSE(take(1000ms, 950, 600, "idle"));
}

TEST_CASE("mysql source watch: an IO thread that says Yes and hears nothing has lost its source") {
  Watch one;
  CHECK(one.take(0ms, true, 1));
  CHECK(one.take(500ms, true, 2));
  CHECK(one.take(500ms, true, 2));        // 0.5 s without a sign
  CHECK(one.take(500ms, true, 2));        // 1 s
  CHECK_FALSE(one.take(500ms, true, 2));  // 1.5 s: two periods and the time between two probes
  CHECK(one.info.link_down_for == 0s);
  CHECK_FALSE(one.take(1500ms, false, 2));
  CHECK(one.info.link_down_for == 1s);
  CHECK(one.take(500ms, true, 3));
  CHECK_FALSE(one.info.link_down_for);
  CHECK(one.take(2000ms, true, 3));    // nobody looked meanwhile
  CHECK(one.take(900ms, true, 3, 7));  // a transaction is a sign too
  CHECK(one.take(1000ms, true, 3, 7));
}

TEST_CASE("mysql source watch: without known heartbeats the IO thread is believed") {
  Watch one;
  one.info.sql->heartbeat_period.reset();
  CHECK(one.take(0ms, true, 0));
  CHECK(one.take(60s, true, 0));
  CHECK_FALSE(one.take(1s, false, 0));
  CHECK(one.info.link_down_for == 0s);
}

TEST_CASE("mysql source watch: a link that was never up is down for nobody knows how long") {
  Watch one;
  CHECK_FALSE(one.take(0ms, false, 0));
  CHECK_FALSE(one.take(5s, false, 0));
  CHECK_FALSE(one.info.link_down_for);
  one.info.link_up = false;
  one.info.link_down_for = 7s;  // but the server knows
  one.watch.take(one.info, one.now);
  CHECK(one.info.link_down_for == 7s);
  CHECK(one.take(1s, true, 0));
  CHECK_FALSE(one.take(1s, false, 0));
  CHECK_FALSE(one.take(3s, false, 0));
  CHECK(one.info.link_down_for == 3s);
  one.info.master.host = "10.0.0.2";  // a new source begins anew
  CHECK_FALSE(one.take(1s, false, 0));
  CHECK_FALSE(one.info.link_down_for);
}

}  // namespace
}  // namespace sengu::health::mysql
