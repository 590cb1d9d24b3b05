// The rows in which MySQL 9.7 and MariaDB 10.11 say what they are, as recorded; a test changes a field.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>

#include "health/mysql/report.hpp"

namespace sengu::test {

using health::ServerInfo;
using health::mysql::Dialect;
using health::mysql::Table;
using health::mysql::Tables;
using Fields = std::map<std::string, std::string>;

inline constexpr const char* uuid = "174c1070-e600-11f1-903e-02fc00000001";

inline Table pairs(const Fields& fields) {
  Table table{{"Variable_name", "Value"}, {}};
  for (const auto& [name, value] : fields) table.rows.push_back({name, value});
  return table;
}

inline Table row_of(const Fields& fields) {
  Table table;
  auto& row = table.rows.emplace_back();
  for (const auto& [name, value] : fields) {
    table.columns.push_back(name);
    if (value == "NULL") row.emplace_back(std::nullopt);
    else row.emplace_back(value);
  }
  return table;
}

inline const Fields mysql_variables{{"version", "9.7.4-2"},
                                    {"server_uuid", "174C1070-E600-11F1-903E-02FC00000001"},
                                    {"server_id", "11"},
                                    {"read_only", "OFF"},
                                    {"super_read_only", "OFF"},
                                    {"log_bin", "ON"},
                                    {"log_replica_updates", "ON"},
                                    {"gtid_mode", "ON"},
                                    {"enforce_gtid_consistency", "ON"},
                                    {"replica_net_timeout", "4"},
                                    {"rpl_semi_sync_source_enabled", "ON"},
                                    {"rpl_semi_sync_replica_enabled", "OFF"},
                                    {"rpl_semi_sync_source_wait_point", "AFTER_SYNC"}};
inline const Fields mysql_status{{"Source_Host", "10.0.0.1"},    {"Source_Port", "3306"},
                                 {"Replica_IO_Running", "Yes"},  {"Replica_SQL_Running", "Yes"},
                                 {"Last_IO_Errno", "0"},         {"Last_IO_Error", ""},
                                 {"Last_SQL_Errno", "0"},        {"Last_SQL_Error", ""},
                                 {"Seconds_Behind_Source", "3"}, {"Retrieved_Gtid_Set", std::string(uuid) + ":3-9"},
                                 {"Channel_Name", ""},           {"Source_SSL_Allowed", "Yes"}};
inline const Fields mariadb_variables{{"version", "10.11.19-MariaDB-0+deb12u1-log"},
                                      {"server_id", "11"},
                                      {"read_only", "ON"},
                                      {"log_bin", "ON"},
                                      {"log_slave_updates", "ON"},
                                      {"gtid_strict_mode", "ON"},
                                      {"slave_net_timeout", "2"},
                                      {"rpl_semi_sync_master_enabled", "OFF"},
                                      {"rpl_semi_sync_slave_enabled", "ON"},
                                      {"rpl_semi_sync_master_wait_point", "AFTER_COMMIT"}};
inline const Fields mariadb_status{{"Connection_name", ""},
                                   {"Master_Host", "127.0.0.1"},
                                   {"Master_Port", "14401"},
                                   {"Slave_IO_Running", "Preparing"},
                                   {"Slave_SQL_Running", "Yes"},
                                   {"Last_IO_Errno", "0"},
                                   {"Last_IO_Error", ""},
                                   {"Last_SQL_Errno", "0"},
                                   {"Last_SQL_Error", ""},
                                   {"Seconds_Behind_Master", "NULL"},
                                   {"Gtid_IO_Pos", "0-14401-51"},
                                   {"Slave_received_heartbeats", "914"},
                                   {"Slave_heartbeat_period", "0.500"}};

inline Tables mysql_tables(const Fields& variables, const std::string& executed,
                           const std::optional<Fields>& status = std::nullopt) {
  Tables tables{
      pairs(variables),
      row_of({{"executed", executed}}),
      {},
      pairs({{"Uptime", "460"}, {"Rpl_semi_sync_source_clients", "2"}, {"Rpl_semi_sync_source_wait_sessions", "1"}}),
      {}};
  if (status) tables.replication = row_of(*status);
  return tables;
}

inline Tables mariadb_tables(const Fields& variables, const std::optional<Fields>& status = std::nullopt) {
  Tables tables{pairs(variables),
                row_of({{"binlog", "0-14401-49,0-7-12"}, {"applied", "0-14401-50"}, {"current", "0-14401-50"}}),
                {},
                pairs({{"Uptime", "458"}}),
                {}};
  if (status) tables.replication = row_of(*status);
  return tables;
}

inline ServerInfo read(const Tables& tables) {
  const auto dialect = Dialect::of(*tables.variables.value_of("version"));
  REQUIRE(dialect);
  auto report = read_report(*dialect, tables);
  REQUIRE_MESSAGE(report.info, report.problem);
  return *report.info;
}

}  // namespace sengu::test
