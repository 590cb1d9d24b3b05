// The words in which a server of one flavour and version is asked and told: MySQL 5.7 to 9, MariaDB 10.3 and later.
// Pure: text in, statements out; health/mysql/script says in which order. Sources: MySQL Reference Manual 5.7, 8.0 and
// 9 ("SQL Statements for Controlling Replication Servers"), MariaDB's, and mysql.md.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "health/model/observation.hpp"
#include "health/mysql/options.hpp"

namespace sengu::health::mysql {

struct Version {
  int major = 0, minor = 0, patch = 0;
  auto operator<=>(const Version&) const = default;
};

/// The source that a replica is told to follow, and how the replica logs in there.
struct Source {
  Endpoint address;
  bool had_source = true;  // the replica has a source configured: its user, password and TLS options are kept
  ReplicationTls tls;      // as it is configured on the replica; for one that had no source, as it is to be
  std::string username;    // for a replica that had no source
  Secret password;
};

/// Of a replica: the IO thread, the SQL thread.
enum class ReplicaThreads : std::uint8_t { receiver, applier, both };

class Dialect {
 public:
  using Flavour = SqlInfo::Flavour;

  /// From `version` as the server says it: "8.0.36-28", "10.11.19-MariaDB-log", "5.5.5-10.3.39-MariaDB". None where
  /// there is no version in it.
  static std::optional<Dialect> of(std::string_view version);

  Flavour flavour() const { return flavour_; }
  bool is_mariadb() const { return flavour_ == Flavour::mariadb; }
  /// Without what MariaDB puts before it for the sake of old clients.
  const std::string& version() const { return text_; }

  // --- asking; every flavour understands the first two ---
  static const std::string& variables();  // role and settings, by their old and new names
  static const std::string& counters();   // Uptime and semi-sync
  std::string transactions() const;       // whole sets: SHOW VARIABLES cuts at 1,024 characters
  std::string replication() const;        // one row per source
  /// What the binary log leaves out (Binlog_Do_DB, Binlog_Ignore_DB), which only a restart changes.
  std::string binary_log() const;
  /// Of the default source, from performance_schema. Empty for MariaDB, which tells it in replication().
  std::string heartbeats() const;

  // --- telling ---
  std::string fence() const;
  std::string unfence() const;
  std::string stop(ReplicaThreads threads) const;
  std::string start(ReplicaThreads threads) const;
  std::string forget_source() const;
  /// MariaDB before 10.10: makes a former master follow from where its own history stands. Empty elsewhere.
  std::string adopt_own_position() const;
  std::string change_source(const Source& source) const;
  /// Changes only the address of the source and the heartbeat period: all other options are kept, and the applier may
  /// run meanwhile.
  std::string point_at(const Endpoint& source) const;
  /// MySQL: requires a stopped applier and, to keep the relay log, a running receiver.
  std::string without_delay() const;
  /// Asks for the transaction of which the relay log holds only the beginning; the answer is '' where there is none.
  /// The statement is empty where the server cannot be asked.
  std::string half_received() const;
  /// Answers with one field: "0" when all of `transactions` is applied; another number, or NULL: it is not.
  /// `transactions` as the server itself writes them.
  std::string await_applied(std::string_view transactions, Milliseconds patience) const;
  /// MariaDB: waits until all up to there is applied, or `patience` is over; 0 would be for ever. The answer does not
  /// tell which where the applier stopped.
  static std::string await_position(const LogPosition& position, std::chrono::seconds patience);
  // --- the words of the answers ---
  /// A column of replication(): `rest` after Source_, Replica_ or what the version calls them.
  std::string source_column(std::string_view rest) const;
  std::string replica_column(std::string_view rest) const;
  std::string behind_column() const;

 private:
  Dialect(Flavour flavour, Version version, std::string text)
      : flavour_(flavour), version_(version), text_(std::move(text)) {}
  bool mysql_since(Version version) const { return !is_mariadb() && version_ >= version; }
  std::string replica_word() const;
  std::string default_channel() const;
  std::string key_wanted() const;

  Flavour flavour_;
  Version version_;
  std::string text_;
};

/// Asks when this process was started, in seconds since 1970. Uptime is the server's own clock less the time of its
/// start (sql/mysqld.cc, show_starttime), so the difference is the same to the second for as long as the process lives,
/// also where that clock is set meanwhile: one statement has one look at the clock. Needs no grant, nor
/// performance_schema=ON.
std::string when_started(const Dialect& dialect);
/// The sessions that hold a lock for which every commit waits (FLUSH TABLES WITH READ LOCK). One row each: holder (a
/// thread id). Empty for MariaDB, which tells it by a plugin that few have (METADATA_LOCK_INFO); see try_commit().
std::string locks(const Dialect& dialect);
/// MariaDB: changes nothing, and waits for the locks that a commit waits for; requires stopped replication. Empty for
/// MySQL, where no such statement is known (read_only and RESET REPLICA go through at once; tried on 9.7).
std::string try_commit(const Dialect& dialect);
/// `state`: ON or OFF.
std::string set_global(std::string_view variable, std::string_view state);

}  // namespace sengu::health::mysql
