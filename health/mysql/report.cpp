#include "health/mysql/report.hpp"

#include <algorithm>
#include <charconv>

#include "config/base/printable.hpp"

namespace sengu::health::mysql {

namespace {

using Text = std::optional<std::string_view>;

std::string_view or_empty(const Text& text) { return text.value_or(std::string_view()); }

/// MariaDB 12 has more words for read_only than ON.
bool is_on(const Text& value) { return value && !value->empty() && *value != "OFF" && *value != "0"; }

template <typename Number>
std::optional<Number> number_in(const Text& text) {
  Number number{};
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return number;
}

/// "0.500" seconds; none for 0, which means no heartbeats, and for what is no such number.
std::optional<Milliseconds> period_in(const Text& text) {
  constexpr double longest = 4294967;  // what the servers allow
  const auto seconds = number_in<double>(text);
  if (!seconds || !(*seconds > 0) || *seconds > longest) return std::nullopt;
  return Milliseconds(static_cast<std::int64_t>(*seconds * 1000));
}

std::optional<std::chrono::seconds> seconds_in(const Text& text) {
  constexpr std::int64_t longest = std::int64_t{1} << 40;
  const auto count = number_in<std::int64_t>(text);
  if (!count || *count < 0 || *count > longest) return std::nullopt;
  return std::chrono::seconds(*count);
}

Text first_of(const Table& table, std::string_view name, std::string_view old_name) {
  const auto value = table.value_of(name);
  return value ? value : table.value_of(old_name);
}

SemiSync semi_sync(const Text& value) {
  if (!value) return SemiSync::absent;
  return is_on(value) ? SemiSync::on : SemiSync::off;
}

std::string error_text(const Text& number, const Text& text) {
  if (!number || *number == "0" || number->empty()) return {};
  return printable_line(std::string(*number) + " " + std::string(or_empty(text)));
}

/// Journalled, so that nothing longer or stranger may pass.
bool read_id(std::string_view value, std::string& id) {
  constexpr std::size_t longest = 64;
  id.clear();
  for (const char c : value) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (!((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '-')) return false;
    id += lower;
  }
  return !id.empty() && id.size() <= longest;
}

bool read_variables(const Dialect& dialect, const Table& variables, ServerInfo& info) {
  auto& sql = *info.sql;
  info.version = dialect.version();
  info.read_only = is_on(variables.value_of("read_only"));
  sql.super_read_only = dialect.is_mariadb() || is_on(variables.value_of("super_read_only"));
  sql.gtids = dialect.is_mariadb()
                  ? is_on(variables.value_of("gtid_strict_mode"))
                  : variables.value_of("gtid_mode") == "ON" && variables.value_of("enforce_gtid_consistency") == "ON";
  sql.binlog = is_on(variables.value_of("log_bin"));
  sql.logs_updates = is_on(first_of(variables, "log_replica_updates", "log_slave_updates"));
  sql.net_timeout =
      seconds_in(first_of(variables, "replica_net_timeout", "slave_net_timeout")).value_or(sql.net_timeout);
  const auto names = semi_sync_names(variables);
  sql.semi_sync_source = semi_sync(variables.value_of(names.source));
  sql.semi_sync_replica = semi_sync(variables.value_of(names.replica));
  sql.server_id = number_in<std::uint64_t>(variables.value_of("server_id")).value_or(0);
  sql.semi_sync_wait_for = number_in<int>(first_of(variables, "rpl_semi_sync_source_wait_for_replica_count",
                                                   "rpl_semi_sync_master_wait_for_slave_count"))
                               .value_or(1);
  const auto point = first_of(variables, "rpl_semi_sync_source_wait_point", "rpl_semi_sync_master_wait_point");
  sql.semi_sync_after_sync = !point || *point == "AFTER_SYNC";
  sql.semi_sync_kill_timeout = seconds_in(variables.value_of("rpl_semi_sync_slave_kill_conn_timeout"));
  return read_id(or_empty(variables.value_of(dialect.is_mariadb() ? "server_id" : "server_uuid")), info.run_id);
}

void read_counters(const Table& counters, SqlInfo& sql) {
  const auto count = [&](std::string_view name, std::string_view old_name) {
    return std::max(0, number_in<int>(first_of(counters, name, old_name)).value_or(0));
  };
  sql.uptime = seconds_in(counters.value_of("Uptime")).value_or(sql.uptime);
  sql.semi_sync_clients = count("Rpl_semi_sync_source_clients", "Rpl_semi_sync_master_clients");
  sql.semi_sync_waiting = count("Rpl_semi_sync_source_wait_sessions", "Rpl_semi_sync_master_wait_sessions");
}

/// MariaDB: what is in the binary log, and what was applied without being written there (log_slave_updates off, or
/// gtid_slave_pos set by hand): together what this server has executed.
bool read_transactions(const Dialect& dialect, const Table& transactions, SqlInfo& sql) {
  if (transactions.rows.empty()) return false;
  if (!dialect.is_mariadb()) {
    const auto set = GtidSet::parse_mysql(or_empty(transactions.find(0, "executed")));
    if (set) sql.executed = *set;
    return set.has_value();
  }
  for (const auto* column : {"binlog", "applied", "current"}) {
    const auto set = GtidSet::parse_mariadb(or_empty(transactions.find(0, column)));
    if (!set) return false;
    sql.executed.add(*set);
  }
  return true;
}

/// While the SQL thread hands transactions to workers it says that it has read all, and they still apply.
bool has_workers(const Table& variables) {
  return number_in<int>(variables.value_of("slave_parallel_threads")).value_or(0) > 0;
}

/// By position Gtid_IO_Pos stands where it stood when GTIDs were used last, and tells nothing.
bool read_positions(const Tables& tables, std::size_t row, SqlInfo& sql) {
  const auto field = [&](std::string_view column) { return or_empty(tables.replication.find(row, column)); };
  ByPosition by;
  by.source = field("Master_Server_Id") == "0" ? "" : std::string(field("Master_Server_Id"));
  const auto received = LogPosition::of(field("Master_Log_File"), field("Read_Master_Log_Pos"));
  const auto applied = LogPosition::of(field("Relay_Master_Log_File"), field("Exec_Master_Log_Pos"));
  by.received = received.value_or(LogPosition{});  // no file yet: it has never been connected
  by.applied = applied.value_or(LogPosition{});
  by.idle =
      field("Slave_SQL_Running_State").starts_with("Slave has read all relay log") && !has_workers(tables.variables);
  sql.by_position = std::move(by);
  return received || field("Master_Log_File").empty();
}

bool read_received(const Dialect& dialect, const Tables& tables, std::size_t row, SqlInfo& sql) {
  if (dialect.is_mariadb() && tables.replication.find(row, "Using_Gtid") == "No")
    return read_positions(tables, row, sql);
  const auto text = or_empty(tables.replication.find(row, dialect.is_mariadb() ? "Gtid_IO_Pos" : "Retrieved_Gtid_Set"));
  const auto set = dialect.is_mariadb() ? GtidSet::parse_mariadb(text) : GtidSet::parse_mysql(text);
  if (set) sql.received.add(*set);
  return set.has_value();
}

void read_heartbeats(const Dialect& dialect, const Tables& tables, std::size_t row, ServerInfo& info) {
  auto& sql = *info.sql;
  const auto& table = dialect.is_mariadb() ? tables.replication : tables.heartbeats;
  const auto at = dialect.is_mariadb() ? row : 0;
  sql.heartbeats =
      number_in<std::int64_t>(table.find(at, dialect.is_mariadb() ? "Slave_received_heartbeats" : "received"))
          .value_or(0);
  sql.heartbeat_period = period_in(table.find(at, dialect.is_mariadb() ? "Slave_heartbeat_period" : "period"));
  if (!info.link_up) info.link_down_for = seconds_in(tables.heartbeats.find(0, "silent"));  // MariaDB does not say
}

/// MySQL says how often it tried and how often it may: "This was attempt 10/10" since 8.0.22, "retries: 10" before.
/// MariaDB says only how often it may.
bool gave_up(const Dialect& dialect, const Table& replication, std::size_t row) {
  const auto allowed = or_empty(replication.find(row, dialect.source_column("Retry_Count")));
  const auto error = or_empty(replication.find(row, "Last_IO_Error"));
  if (allowed.empty() || allowed == "0") return false;
  const std::string count(allowed);
  if (error.find("attempt " + count + "/" + count) != std::string_view::npos) return true;
  const auto said = error.find("retries: " + count);
  if (said == std::string_view::npos || error.find("maximum-retries") != std::string_view::npos) return false;
  const auto rest = error.substr(said + std::string_view("retries: ").size() + count.size());
  return rest.empty() || rest.front() == ' ';
}

bool read_replica(const Dialect& dialect, const Tables& tables, std::size_t row, ServerInfo& info) {
  auto& sql = *info.sql;
  const auto& table = tables.replication;
  const auto port = number_in<std::uint16_t>(table.find(row, dialect.source_column("Port")));
  const auto receiving = or_empty(table.find(row, dialect.replica_column("IO_Running")));
  if (!port) return false;
  info.master = {std::string(or_empty(table.find(row, dialect.source_column("Host")))), *port};
  info.link_up = receiving == "Yes";
  sql.receiving = !receiving.empty() && receiving != "No";  // Yes, Connecting, Preparing
  sql.applying = table.find(row, dialect.replica_column("SQL_Running")) == "Yes";
  sql.source_tls = replication_tls(dialect, table, row);
  sql.gave_up = !sql.receiving && gave_up(dialect, table, row);
  sql.receive_error = error_text(table.find(row, "Last_IO_Errno"), table.find(row, "Last_IO_Error"));
  sql.apply_error = error_text(table.find(row, "Last_SQL_Errno"), table.find(row, "Last_SQL_Error"));
  sql.behind = seconds_in(table.find(row, dialect.behind_column()));
  sql.delay = seconds_in(table.find(row, "SQL_Delay")).value_or(sql.delay);
  read_heartbeats(dialect, tables, row, info);
  return read_received(dialect, tables, row, sql);
}

void add_filter(const Table& table, std::size_t row, std::string_view column, std::string& filter) {
  const auto what = or_empty(table.find(row, column));
  if (what.empty()) return;
  filter += (filter.empty() ? "" : ", ") + printable_line(std::string(column) + "=" + std::string(what));
}

void read_filters(const Tables& tables, std::optional<std::size_t> source, SqlInfo& sql) {
  for (const auto* column : {"Replicate_Do_DB", "Replicate_Ignore_DB", "Replicate_Do_Table", "Replicate_Ignore_Table",
                             "Replicate_Wild_Do_Table", "Replicate_Wild_Ignore_Table", "Replicate_Rewrite_DB",
                             "Replicate_Do_Domain_Ids", "Replicate_Ignore_Domain_Ids"}) {
    if (source) add_filter(tables.replication, *source, column, sql.filter);
  }
  for (const auto* column : {"Binlog_Do_DB", "Binlog_Ignore_DB"}) add_filter(tables.log, 0, column, sql.filter);
}

/// What would keep it from serving as a master.
std::string hindrance_of(const Tables& tables) {
  if (!tables.locks.rows.empty())
    return printable_line("thread " + std::string(or_empty(tables.locks.find(0, "holder")))) +
           " holds a lock that every commit waits for (a backup?): KILL it";
  return is_on(tables.variables.value_of("offline_mode")) ? "offline_mode is ON: SET GLOBAL offline_mode=OFF" : "";
}

bool has_source(const Dialect& dialect, const Table& replication, std::size_t row) {
  return !or_empty(replication.find(row, dialect.source_column("Host"))).empty();
}

}  // namespace

SemiSyncNames semi_sync_names(const Table& variables) {
  const auto present = [&](const char* name, const char* old_name) -> std::string {
    if (variables.value_of(name)) return name;
    return variables.value_of(old_name) ? old_name : "";
  };
  return {present("rpl_semi_sync_source_enabled", "rpl_semi_sync_master_enabled"),
          present("rpl_semi_sync_replica_enabled", "rpl_semi_sync_slave_enabled")};
}

ReplicationTls replication_tls(const Dialect& dialect, const Table& replication, std::size_t row) {
  const auto text = [&](std::string_view rest) {
    return std::string(or_empty(replication.find(row, dialect.source_column("SSL_" + std::string(rest)))));
  };
  ReplicationTls tls;
  tls.on = text("Allowed") == "Yes";
  tls.ca_file = text("CA_File");
  tls.ca_path = text("CA_Path");
  tls.certificate = text("Cert");
  tls.key = text("Key");
  if (const auto verifies = text("Verify_Server_Cert"); !verifies.empty()) tls.verifies = verifies == "Yes";
  return tls;
}

std::optional<std::size_t> default_source(const Dialect& dialect, const Table& replication) {
  const auto* name = dialect.is_mariadb() ? "Connection_name" : "Channel_Name";
  for (std::size_t row = 0; row < replication.rows.size(); ++row) {
    if (or_empty(replication.find(row, name)).empty() && has_source(dialect, replication, row)) return row;
  }
  return std::nullopt;
}

Report read_report(const Dialect& dialect, const Tables& tables) {
  ServerInfo info;
  auto& sql = info.sql.emplace();
  sql.flavour = dialect.flavour();
  if (!read_variables(dialect, tables.variables, info)) return {std::nullopt, "no server_uuid or server_id"};
  if (!read_transactions(dialect, tables.transactions, sql))
    return {std::nullopt, "a set of transactions that cannot be read"};
  read_counters(tables.counters, sql);
  sql.received = sql.executed;
  const auto source = default_source(dialect, tables.replication);
  for (std::size_t row = 0; row < tables.replication.rows.size(); ++row) {
    if (row != source && has_source(dialect, tables.replication, row)) ++sql.other_channels;
  }
  if (source && !read_replica(dialect, tables, *source, info))
    return {std::nullopt, "a replication status that cannot be read"};
  read_filters(tables, source, sql);
  sql.locks_are_told = tables.locks_are_told;
  info.hindrance = hindrance_of(tables);
  sql.started = seconds_in(tables.started.find(0, "started")).value_or(sql.started);
  info.role = source || info.read_only ? Role::replica : Role::master;
  info.offset = sql.received.position();
  return {std::move(info), {}};
}

}  // namespace sengu::health::mysql
