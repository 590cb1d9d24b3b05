// The steps' statements in order, against a scripted server: what a real one cannot be made to say at will, and the
// words of versions that are not at hand.
#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "health/mysql/dialect.hpp"
#include "health/mysql/script.hpp"

namespace sengu::health::mysql {
namespace {

using namespace std::chrono_literals;
using Fields = std::map<std::string, std::string>;

constexpr const char* own_uuid = "174c1070-e600-11f1-903e-02fc00000001";

/// A MySQL 5.7 or 8.0.21 as a replica or a master; keeps what it is told.
struct Scripted {
  std::string version = "5.7.44-log";
  bool has_source = true;
  Fields status{{"Master_Host", "10.0.0.1"},  {"Master_Port", "3306"},    {"Slave_IO_Running", "Yes"},
                {"Slave_SQL_Running", "Yes"}, {"Retrieved_Gtid_Set", ""}, {"Last_SQL_Errno", "0"},
                {"Last_SQL_Error", ""},       {"Channel_Name", ""},       {"Master_SSL_Allowed", "No"}};
  Fields variables{{"server_uuid", own_uuid},
                   {"read_only", "ON"},
                   {"super_read_only", "ON"},
                   {"rpl_semi_sync_master_enabled", "OFF"},
                   {"rpl_semi_sync_slave_enabled", "ON"}};
  std::string waiting = "0";
  std::map<std::string, Failure> failures;        // by the beginning of a statement
  std::function<void(const std::string&)> after;  // a statement that was told
  std::vector<std::string> told;
  NodeOptions options;
  Milliseconds left{1000};
  std::optional<LogPosition> rest;

  Scripted() {
    options.replication_username = "repl";
    options.replication_password = {"s3cret"};
  }

  static Table pairs(const Fields& fields) {
    Table table{{"Variable_name", "Value"}, {}};
    for (const auto& [name, value] : fields) table.rows.push_back({name, value});
    return table;
  }
  static Table row_of(const Fields& fields) {
    Table table{{}, {{}}};
    for (const auto& [name, value] : fields) {
      table.columns.push_back(name);
      table.rows[0].emplace_back(value);
    }
    return table;
  }

  Reply answer(const std::string& statement) {
    for (const auto& [beginning, failure] : failures) {
      if (statement.starts_with(beginning)) return {{}, failure};
    }
    if (statement == Dialect::variables()) {
      auto all = variables;
      all["version"] = version;
      return {pairs(all), {}};
    }
    if (statement == Dialect::counters())
      return {pairs({{"Uptime", "1"}, {"Rpl_semi_sync_master_wait_sessions", waiting}}), {}};
    if (statement.starts_with("SELECT @@GLOBAL.gtid_executed"))
      return {row_of({{"executed", std::string(own_uuid) + ":1-5"}}), {}};
    if (statement.starts_with("SELECT @@GLOBAL.gtid_binlog_state"))
      return {row_of({{"binlog", "0-1-5"}, {"applied", "0-1-5"}, {"current", "0-1-5"}}), {}};
    if (statement.starts_with("SHOW ")) return {has_source ? row_of(status) : Table{}, {}};
    if (statement.find("_schema.") != std::string::npos) return {{}, Failure{1142, "denied", Progress::ready, 0}};
    told.push_back(statement);
    if (after) after(statement);
    if (statement.starts_with("SELECT WAIT")) return {row_of({{"answer", "1"}}), {}};
    return {};
  }

  StepOutcome run(Step step, LossPolicy loss = LossPolicy::keep_writes) {
    told.clear();
    return carry_out(
        {NodeId{0}, step, {"10.0.0.2", 3306}, 1000ms, {}, loss, {}, {}, rest}, options,
        [this](const std::string& statement) { return answer(statement); }, [this] { return left; });
  }
};

using Told = std::vector<std::string>;
const StepOutcome done{StepResult::done, {}};

TEST_CASE("mysql script: a promotion on 5.7, in order") {
  Scripted server;
  server.after = [&](const std::string& statement) {
    if (statement.starts_with("STOP SLAVE")) server.status["Slave_IO_Running"] = "No";
  };
  CHECK(server.run(Step::promote) == done);
  CHECK(server.told == Told{"STOP SLAVE IO_THREAD FOR CHANNEL ''", "STOP SLAVE FOR CHANNEL ''",
                            "SET GLOBAL rpl_semi_sync_master_enabled=ON", "SET GLOBAL read_only=OFF",
                            "RESET SLAVE ALL FOR CHANNEL ''"});

  server.has_source = false;  // once more, with its source forgotten already
  server.variables["rpl_semi_sync_master_enabled"] = "ON";
  CHECK(server.run(Step::promote) == done);
  CHECK(server.told == Told{"SET GLOBAL read_only=OFF"});

  server.variables["rpl_semi_sync_master_enabled"] = "OFF";
  server.options.semi_sync = config::SemiSync::off;
  CHECK(server.run(Step::promote) == done);
  CHECK(server.told == Told{"SET GLOBAL read_only=OFF"});
}

TEST_CASE("mysql script: a promotion that fails leaves the replica its source") {
  Scripted server;
  server.after = [&](const std::string& statement) {
    if (statement.starts_with("STOP SLAVE")) server.status["Slave_IO_Running"] = "No";
    if (statement == "STOP SLAVE FOR CHANNEL ''") server.status["Slave_SQL_Running"] = "No";
    if (statement == "SET GLOBAL read_only=OFF") server.variables["read_only"] = "OFF";
  };
  SUBCASE("semi-sync may not be switched on") {
    server.failures["SET GLOBAL rpl_semi_sync_master_enabled"] = {1227, "denied", Progress::ready, 0};
    CHECK(server.run(Step::promote).result == StepResult::failed);
    CHECK(server.told.back() == "STOP SLAVE FOR CHANNEL ''");
  }
  SUBCASE("without the plugin of the source's side it goes without semi-sync") {
    server.variables.erase("rpl_semi_sync_master_enabled");
    CHECK(server.run(Step::promote) == done);
    CHECK(server.told.back() == "RESET SLAVE ALL FOR CHANNEL ''");
  }
  SUBCASE("half promoted, it is fenced before it follows another, whether or not its threads run again") {
    server.failures["RESET"] = {2013, "lost", Progress::ready, 0};
    CHECK(server.run(Step::promote).result == StepResult::failed);
    server.failures.clear();
    CHECK(server.run(Step::repoint) == done);
    CHECK(server.told.front() == "SET GLOBAL super_read_only=ON");
    CHECK(server.told.back() == "START SLAVE FOR CHANNEL ''");
    CHECK(server.run(Step::promote) == done);  // or it is promoted after all
  }
}

TEST_CASE("mysql script: what could not serve is not promoted, and is left as it is") {
  Scripted server;
  server.variables["offline_mode"] = "ON";
  CHECK(server.run(Step::promote) ==
        StepOutcome{StepResult::failed, "offline_mode is ON: SET GLOBAL offline_mode=OFF"});
  CHECK(server.told.empty());
}

TEST_CASE("mysql script: what is received and not applied is never thrown away, but on an operator's word") {
  Scripted server;
  server.status["Slave_IO_Running"] = "No";
  server.status["Retrieved_Gtid_Set"] = std::string(own_uuid) + ":1-8";
  CHECK(server.run(Step::promote) == StepOutcome{StepResult::failed, "3 received transactions are not applied"});
  CHECK(server.told.empty());
  CHECK(server.run(Step::promote, LossPolicy::accept_loss) == done);
  CHECK(server.told.size() == 4);

  server.status["Retrieved_Gtid_Set"] = "";
  server.after = [&](const std::string& statement) {  // somebody lets it receive between the two looks
    if (statement.starts_with("STOP SLAVE")) server.status["Retrieved_Gtid_Set"] = std::string(own_uuid) + ":1-6";
  };
  CHECK(server.run(Step::promote) == StepOutcome{StepResult::failed, "1 received transactions are not applied"});
  CHECK(server.told == Told{"STOP SLAVE FOR CHANNEL ''"});

  server.after = nullptr;
  server.status["Retrieved_Gtid_Set"] = "";
  server.status["Slave_SQL_Running"] = "No";
  server.status["Last_SQL_Errno"] = "1062";
  CHECK(server.run(Step::promote).text.starts_with("the applier failed: 1062"));
  server.status["Last_SQL_Errno"] = "0";
  CHECK(server.run(Step::promote) == done);  // interrupted after STOP: nothing is left to apply
}

TEST_CASE("mysql script: the wait's answer is looked at") {
  Scripted server;
  server.status["Retrieved_Gtid_Set"] = std::string(own_uuid) + ":1-8";
  CHECK(server.run(Step::apply_received) == StepOutcome{StepResult::failed, "3 of 3 transactions left"});
  CHECK(server.told == Told{"SELECT WAIT_FOR_EXECUTED_GTID_SET('" + std::string(own_uuid) + ":1-8', 0.900) AS answer"});
  server.left = 40ms;
  server.run(Step::apply_received);
  CHECK(server.told[0].ends_with("0.030) AS answer"));
  server.status["Slave_SQL_Running"] = "No";
  CHECK(server.run(Step::apply_received).text == "the applier does not run");
  CHECK(server.told.empty());
}

/// A MariaDB replica by file and position, which has received 900 bytes of its source's log, and applied 500.
struct ByPositionScripted : Scripted {
  ByPositionScripted() {
    version = "10.11.19-MariaDB";
    variables["server_id"] = "7";
    status["Connection_name"] = "";
    status["Using_Gtid"] = "No";
    status["Gtid_IO_Pos"] = "";
    status["Master_Log_File"] = status["Relay_Master_Log_File"] = "bin.000001";
    status["Read_Master_Log_Pos"] = "900";
    status["Exec_Master_Log_Pos"] = "500";
  }
};

TEST_CASE("mysql script: by position the wait is for the place that was read, in whole seconds") {
  ByPositionScripted server;
  server.left = 2900ms;
  const StepOutcome left{StepResult::failed, "received up to bin.000001:900, applied up to bin.000001:500"};
  CHECK(server.run(Step::apply_received) == left);
  CHECK(server.told == Told{"SELECT MASTER_POS_WAIT('bin.000001', 900, 2) AS answer"});
  server.left = 1000ms;  // 0 would be for ever
  CHECK(server.run(Step::apply_received) == left);
  CHECK(server.told.empty());
  server.left = 2900ms;
  server.after = [&](const std::string&) { server.status["Exec_Master_Log_Pos"] = "900"; };
  CHECK(server.run(Step::apply_received) == done);
}

TEST_CASE("mysql script: by position nothing that was read is thrown away, but half a transaction") {
  ByPositionScripted server;
  server.left = 5000ms;
  server.status["Slave_IO_Running"] = "No";
  const StepOutcome left{StepResult::failed, "received up to bin.000001:900, applied up to bin.000001:500"};
  CHECK(server.run(Step::promote) == left);
  CHECK(server.told.empty());
  CHECK(server.run(Step::promote, LossPolicy::accept_loss) == done);

  server.rest = LogPosition{"bin.000001", 900};
  CHECK(server.run(Step::promote) == done);
  REQUIRE(server.told.size() >= 2);
  CHECK(server.told[0] == "STOP SLAVE");
  CHECK(server.told.back() == "RESET SLAVE ALL");
  server.after = [&](const std::string& statement) {  // more came between the two looks
    if (statement.starts_with("STOP")) server.status["Read_Master_Log_Pos"] = "950";
  };
  CHECK(server.run(Step::promote).result == StepResult::failed);
  CHECK(server.told == Told{"STOP SLAVE"});
}

TEST_CASE("mysql script: a delay is lifted while the receiver runs, or its relay log would be deleted") {
  Scripted server;
  server.status["Retrieved_Gtid_Set"] = std::string(own_uuid) + ":1-8";
  server.status["Slave_IO_Running"] = "No";
  server.status["SQL_Delay"] = "3600";
  server.after = [&](const std::string& statement) {
    if (statement.starts_with("START SLAVE IO_THREAD")) server.status["Slave_IO_Running"] = "Connecting";
    if (statement.starts_with("STOP SLAVE SQL_THREAD")) server.status["Slave_SQL_Running"] = "No";
    if (statement.starts_with("CHANGE")) server.status["SQL_Delay"] = "0";
    if (statement.starts_with("START SLAVE SQL_THREAD")) server.status["Slave_SQL_Running"] = "Yes";
  };
  const Told rest{"START SLAVE SQL_THREAD FOR CHANNEL ''", "STOP SLAVE IO_THREAD FOR CHANNEL ''"};
  CHECK(server.run(Step::lift_delay) == done);
  CHECK(server.told == Told{"START SLAVE IO_THREAD FOR CHANNEL ''", "STOP SLAVE SQL_THREAD FOR CHANNEL ''",
                            "CHANGE MASTER TO MASTER_DELAY=0 FOR CHANNEL ''", rest[0], rest[1]});
  server.status["Slave_SQL_Running"] = "No";  // once more, half done
  CHECK(server.run(Step::lift_delay) == done);
  CHECK(server.told == rest);

  server.status["SQL_Delay"] = "3600";
  server.status["Slave_IO_Running"] = "No";
  server.after = nullptr;  // it does not start
  CHECK(server.run(Step::lift_delay).text == "its receiver does not run: its relay log would be lost");
  CHECK(server.told.back() == "STOP SLAVE SQL_THREAD FOR CHANNEL ''");

  server.version = "10.11.19-MariaDB";
  server.variables["server_id"] = "7";
  server.status["Gtid_IO_Pos"] = "0-1-9";
  CHECK(server.run(Step::lift_delay).result == StepResult::failed);
  CHECK(server.told.empty());
}

TEST_CASE("mysql script: MySQL's stopped threads are started where they follow already, which keeps the relay log") {
  Scripted server;
  server.status["Master_Host"] = "10.0.0.2";
  server.status["Auto_Position"] = "1";
  server.status["Slave_IO_Running"] = server.status["Slave_SQL_Running"] = "No";
  CHECK(server.run(Step::repoint) == done);
  CHECK(server.told == Told{"START SLAVE FOR CHANNEL ''"});
}

TEST_CASE("mysql script: following another source") {
  Scripted server;
  CHECK(server.run(Step::repoint) == done);
  REQUIRE(server.told.size() == 4);
  CHECK(server.told[0] == "STOP SLAVE IO_THREAD FOR CHANNEL ''");
  CHECK(server.told[1] == "STOP SLAVE FOR CHANNEL ''");
  CHECK(server.told[2].find("MASTER_USER") == std::string::npos);  // kept
  CHECK(server.told[3] == "START SLAVE FOR CHANNEL ''");

  server.status["Retrieved_Gtid_Set"] =
      std::string(own_uuid) + ":1-8";  // applied first, for half of the second that there is
  CHECK(server.run(Step::repoint) == done);
  CHECK(server.told.size() == 5);
  CHECK(server.told[1] == "SELECT WAIT_FOR_EXECUTED_GTID_SET('" + std::string(own_uuid) + ":1-8', 0.500) AS answer");
  server.status["Slave_SQL_Running"] = "No";
  CHECK(server.run(Step::repoint) == done);
  CHECK(server.told.size() == 4);
  server.status["Slave_SQL_Running"] = "Yes";
  server.status["Retrieved_Gtid_Set"] = "";

  server.status["Master_Host"] = "10.0.0.2";
  CHECK(server.run(Step::repoint) == done);
  CHECK(server.told.empty());
  server.variables["rpl_semi_sync_master_enabled"] = "ON";
  CHECK(server.run(Step::repoint) == done);
  CHECK(server.told == Told{"SET GLOBAL rpl_semi_sync_master_enabled=OFF"});

  server.has_source = false;
  CHECK(server.run(Step::demote) == done);
  REQUIRE(server.told.size() == 4);
  CHECK(server.told[0] == "SET GLOBAL rpl_semi_sync_master_enabled=OFF");
  CHECK(server.told[1] == "SET GLOBAL super_read_only=ON");
  CHECK(server.told[2].find("MASTER_USER='repl', MASTER_PASSWORD='s3cret'") != std::string::npos);

  server.version = "10.6.18-MariaDB";  // before MASTER_DEMOTE_TO_SLAVE; it says nothing of MySQL's sets
  server.variables["server_id"] = "7";
  server.failures["SELECT @@GLOBAL.gtid_binlog_state"] = {1227, "no", Progress::ready, 0};
  CHECK(server.run(Step::demote).text == "probe: 1227 no");
}

TEST_CASE("mysql script: a commit that waits for an acknowledgement keeps the fence out") {
  Scripted server;
  server.has_source = false;
  server.waiting = "8";
  server.variables["rpl_semi_sync_master_enabled"] = "ON";
  server.failures["SET GLOBAL super_read_only"] = {1205, "Lock wait timeout exceeded", Progress::ready, 0};
  CHECK(server.run(Step::fence) == StepOutcome{StepResult::failed,
                                               "SET GLOBAL super_read_only=ON: 1205 Lock wait timeout exceeded "
                                               "(8 sessions wait for a semi-sync acknowledgement)"});
  server.after = [&](const std::string& statement) {
    if (statement.ends_with("_enabled=OFF")) server.failures.clear();
  };
  CHECK(server.run(Step::demote) == done);
  CHECK(server.told[0] == "SET GLOBAL rpl_semi_sync_master_enabled=OFF");
  CHECK(server.told[1] == "SET GLOBAL super_read_only=ON");
}

TEST_CASE("mysql script: no password in what people read") {
  Scripted server;
  server.has_source = false;
  server.failures["CHANGE"] = {1064, "You have an error near 's3cret' at line 1", Progress::ready, 0};
  CHECK(server.run(Step::demote).text == "CHANGE MASTER: 1064 syntax error");
  server.failures["CHANGE"] = {1210, "Incorrect arguments 's3cret'", Progress::ready, 0};
  CHECK(server.run(Step::demote).text == "CHANGE MASTER: 1210 Incorrect arguments '***'");
  server.options.replication_username.clear();
  CHECK(server.run(Step::demote).text.starts_with("needs replication_username"));
}

TEST_CASE("mysql script: semi-sync by hand, where there is none") {
  Scripted server;
  CHECK(server.run(Step::semi_sync_on) == done);
  CHECK(server.told == Told{"SET GLOBAL rpl_semi_sync_master_enabled=ON"});
  server.variables.erase("rpl_semi_sync_master_enabled");
  CHECK(server.run(Step::semi_sync_on).result == StepResult::failed);
  CHECK(server.run(Step::semi_sync_off) == done);
  CHECK(server.told.empty());
}

TEST_CASE("mysql script: nothing is sent after the deadline") {
  Scripted server;
  server.failures["STOP"] = {0, "no answer in time", Progress::ready, 0};
  CHECK(server.run(Step::rehandshake) == StepOutcome{StepResult::failed, "no answer in time"});
  CHECK(server.told.empty());
}

}  // namespace
}  // namespace sengu::health::mysql
