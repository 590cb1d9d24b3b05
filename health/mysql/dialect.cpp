#include "health/mysql/dialect.hpp"

#include <charconv>

#include "health/mysql/text.hpp"

namespace sengu::health::mysql {

namespace {

// Since when the statements say replica and source.
constexpr Version replica_statements{8, 0, 22};
constexpr Version change_source_statement{8, 0, 23};
constexpr Version public_key_option{8, 0, 4};
constexpr Version queueing_column{8, 0, 0};
constexpr Version binary_log_status{8, 2, 0};  // SHOW BINARY LOG STATUS
constexpr Version demote_option{10, 10, 0};    // MASTER_DEMOTE_TO_SLAVE, MariaDB

constexpr std::string_view compatibility_prefix = "5.5.5-";  // MariaDB before 11, in its greeting

int next_number(std::string_view& text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with('.')) text.remove_prefix(1);
  return number;
}

std::string seconds(Milliseconds time) {
  const auto count = time.count() > 0 ? time.count() : 0;
  auto fraction = std::to_string(count % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(count / 1000) + "." + fraction;
}

std::string word_of(ReplicaThreads threads) {
  if (threads == ReplicaThreads::both) return "";
  return threads == ReplicaThreads::receiver ? " IO_THREAD" : " SQL_THREAD";
}

/// Part of each CHANGE: without it the period falls back to half of the net timeout.
std::string heartbeats_wanted(const std::string& word) { return word + "HEARTBEAT_PERIOD=0.5"; }

/// MySQL since 8.4 gives up after ten attempts where nothing is said; 0 is for ever (tried on 9.7: "attempt 13/0").
std::string for_ever(const std::string& word) { return ", " + word + "RETRY_COUNT=0"; }

std::string tls_options(const std::string& word, const ReplicationTls& tls) {
  if (!tls.on) return word + "SSL=0";  // 9.7 asks for TLS where nothing is said
  std::string options = word + "SSL=1";
  const auto add = [&](const char* option, const std::string& path) {
    if (!path.empty()) options += ", " + word + option + "=" + quoted(path);
  };
  add("SSL_CA", tls.ca_file);
  add("SSL_CAPATH", tls.ca_path);
  add("SSL_CERT", tls.certificate);
  add("SSL_KEY", tls.key);
  if (tls.verifies) options += ", " + word + "SSL_VERIFY_SERVER_CERT=" + (*tls.verifies ? "1" : "0");
  return options;
}

}  // namespace

std::optional<Dialect> Dialect::of(std::string_view version) {
  const bool mariadb = version.find("MariaDB") != std::string_view::npos;
  if (mariadb && version.starts_with(compatibility_prefix)) version.remove_prefix(compatibility_prefix.size());
  std::string text(version.substr(0, version.find_first_not_of("0123456789.")));
  Version parsed;
  parsed.major = next_number(version);
  parsed.minor = next_number(version);
  parsed.patch = std::max(0, next_number(version));
  if (parsed.major < 0 || parsed.minor < 0) return std::nullopt;
  return Dialect(mariadb ? Flavour::mariadb : Flavour::mysql, parsed, std::move(text));
}

const std::string& Dialect::variables() {
  static const std::string statement =
      "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'server_uuid', 'server_id', 'read_only', "
      "'super_read_only', 'offline_mode', 'log_bin', "
      "'log_replica_updates', 'log_slave_updates', 'gtid_mode', 'enforce_gtid_consistency', 'gtid_strict_mode', "
      "'replica_net_timeout', 'slave_net_timeout', 'slave_parallel_threads', "
      "'rpl_semi_sync_source_enabled', 'rpl_semi_sync_master_enabled', 'rpl_semi_sync_replica_enabled', "
      "'rpl_semi_sync_slave_enabled', "
      "'rpl_semi_sync_source_wait_for_replica_count', 'rpl_semi_sync_master_wait_for_slave_count', "
      "'rpl_semi_sync_source_wait_point', 'rpl_semi_sync_master_wait_point', 'rpl_semi_sync_slave_kill_conn_timeout')";
  return statement;
}

const std::string& Dialect::counters() {
  static const std::string statement =
      "SHOW GLOBAL STATUS WHERE Variable_name IN ('Uptime', 'Rpl_semi_sync_source_clients', "
      "'Rpl_semi_sync_master_clients', "
      "'Rpl_semi_sync_source_wait_sessions', 'Rpl_semi_sync_master_wait_sessions')";
  return statement;
}

std::string Dialect::transactions() const {
  if (!is_mariadb()) return "SELECT @@GLOBAL.gtid_executed AS executed";
  return "SELECT @@GLOBAL.gtid_binlog_state AS binlog, @@GLOBAL.gtid_slave_pos AS applied, @@GLOBAL.gtid_current_pos "
         "AS current";
}

std::string Dialect::replication() const {
  if (is_mariadb()) return "SHOW ALL SLAVES STATUS";
  return "SHOW " + replica_word() + " STATUS";
}

std::string Dialect::binary_log() const {
  return mysql_since(binary_log_status) ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
}

std::string Dialect::heartbeats() const {
  if (is_mariadb()) return {};
  const std::string last_sign =
      mysql_since(queueing_column)
          ? "GREATEST(s.LAST_HEARTBEAT_TIMESTAMP, s.LAST_QUEUED_TRANSACTION_END_QUEUE_TIMESTAMP)"
          : "s.LAST_HEARTBEAT_TIMESTAMP";
  return "SELECT s.COUNT_RECEIVED_HEARTBEATS AS received, c.HEARTBEAT_INTERVAL AS period, TIMESTAMPDIFF(SECOND, " +
         last_sign +
         ", NOW(6)) AS silent "
         "FROM performance_schema.replication_connection_status s "
         "JOIN performance_schema.replication_connection_configuration c USING (CHANNEL_NAME) WHERE CHANNEL_NAME = ''";
}

std::string Dialect::replica_word() const { return mysql_since(replica_statements) ? "REPLICA" : "SLAVE"; }

/// sengu leaves all sources but the default one alone; without this clause MySQL means all of them.
std::string Dialect::default_channel() const { return is_mariadb() ? "" : " FOR CHANNEL ''"; }

std::string Dialect::fence() const {
  return is_mariadb() ? "SET GLOBAL read_only=ON" : "SET GLOBAL super_read_only=ON";
}

std::string Dialect::unfence() const { return "SET GLOBAL read_only=OFF"; }  // MySQL: super_read_only with it

std::string Dialect::stop(ReplicaThreads threads) const {
  return "STOP " + replica_word() + word_of(threads) + default_channel();
}

std::string Dialect::start(ReplicaThreads threads) const {
  return "START " + replica_word() + word_of(threads) + default_channel();
}

std::string Dialect::forget_source() const { return "RESET " + replica_word() + " ALL" + default_channel(); }

std::string Dialect::adopt_own_position() const {
  if (!is_mariadb() || version_ >= demote_option) return {};
  return "SET GLOBAL gtid_slave_pos=@@GLOBAL.gtid_current_pos";
}

std::string Dialect::change_source(const Source& source) const {
  const bool new_words = mysql_since(change_source_statement);
  const std::string word = new_words ? "SOURCE_" : "MASTER_";
  std::string statement = new_words ? "CHANGE REPLICATION SOURCE TO " : "CHANGE MASTER TO ";
  statement +=
      word + "HOST=" + quoted(source.address.host) + ", " + word + "PORT=" + std::to_string(source.address.port);
  if (!source.had_source) {
    statement +=
        ", " + word + "USER=" + quoted(source.username) + ", " + word + "PASSWORD=" + quoted(source.password.value);
    statement += ", " + tls_options(word, source.tls);
  }
  statement += ", " + word + "CONNECT_RETRY=1, " + heartbeats_wanted(word);
  if (is_mariadb()) {
    statement += ", MASTER_USE_GTID=slave_pos";
    if (!source.had_source && version_ >= demote_option) statement += ", MASTER_DEMOTE_TO_SLAVE=1";
    return statement;
  }
  statement += for_ever(word) + ", " + word + "AUTO_POSITION=1";
  if (!source.tls.on) statement += key_wanted();
  return statement + default_channel();
}

std::string Dialect::point_at(const Endpoint& source) const {
  const bool new_words = mysql_since(change_source_statement);
  const std::string word = new_words ? "SOURCE_" : "MASTER_";
  std::string statement = new_words ? "CHANGE REPLICATION SOURCE TO " : "CHANGE MASTER TO ";
  statement += word + "HOST=" + quoted(source.host) + ", " + word + "PORT=" + std::to_string(source.port) + ", " +
               heartbeats_wanted(word);
  if (is_mariadb()) return statement;
  return statement + for_ever(word) + key_wanted() + default_channel();
}

/// Without TLS the source's key is needed after each flush of its cache (2061); a person may have given it for the old
/// source alone.
std::string Dialect::key_wanted() const {
  if (!mysql_since(public_key_option)) return {};
  return mysql_since(change_source_statement) ? ", GET_SOURCE_PUBLIC_KEY=1" : ", GET_MASTER_PUBLIC_KEY=1";
}

std::string Dialect::without_delay() const {
  return (mysql_since(change_source_statement) ? "CHANGE REPLICATION SOURCE TO SOURCE_DELAY=0"
                                               : "CHANGE MASTER TO MASTER_DELAY=0") +
         default_channel();
}

std::string Dialect::half_received() const {
  if (!mysql_since(queueing_column)) return {};
  return "SELECT QUEUEING_TRANSACTION AS half FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME "
         "= ''";
}

std::string Dialect::await_applied(std::string_view transactions, Milliseconds patience) const {
  const std::string function = is_mariadb() ? "MASTER_GTID_WAIT" : "WAIT_FOR_EXECUTED_GTID_SET";
  return "SELECT " + function + "(" + quoted(transactions) + ", " + seconds(patience) + ") AS answer";
}

std::string Dialect::await_position(const LogPosition& position, std::chrono::seconds patience) {
  return "SELECT MASTER_POS_WAIT(" + quoted(position.file) + ", " + std::to_string(position.bytes) + ", " +
         std::to_string(patience.count()) + ") AS answer";
}

std::string Dialect::source_column(std::string_view rest) const {
  return (mysql_since(replica_statements) ? "Source_" : "Master_") + std::string(rest);
}

std::string Dialect::replica_column(std::string_view rest) const {
  return (mysql_since(replica_statements) ? "Replica_" : "Slave_") + std::string(rest);
}

std::string Dialect::behind_column() const {
  return mysql_since(replica_statements) ? "Seconds_Behind_Source" : "Seconds_Behind_Master";
}

std::string when_started(const Dialect& dialect) {
  const char* table = dialect.is_mariadb() ? "information_schema.GLOBAL_STATUS" : "performance_schema.global_status";
  return std::string("SELECT UNIX_TIMESTAMP() - CAST(VARIABLE_VALUE AS SIGNED) AS started FROM ") + table +
         " WHERE VARIABLE_NAME = 'Uptime'";
}

std::string locks(const Dialect& dialect) {
  if (dialect.is_mariadb()) return {};
  return "SELECT OWNER_THREAD_ID AS holder FROM performance_schema.metadata_locks WHERE OBJECT_TYPE = 'COMMIT' AND "
         "LOCK_TYPE = 'SHARED' AND LOCK_STATUS = 'GRANTED'";
}

std::string try_commit(const Dialect& dialect) {
  return dialect.is_mariadb() ? "SET GLOBAL gtid_slave_pos=@@GLOBAL.gtid_slave_pos" : "";
}

std::string set_global(std::string_view variable, std::string_view state) {
  return "SET GLOBAL " + std::string(variable) + "=" + std::string(state);
}

}  // namespace sengu::health::mysql
