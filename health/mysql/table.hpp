// The answer to one statement, as text by column name, or the failure in its place. Plain values, so that the code that
// reads them needs no server.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sengu::health::mysql {

struct Table {
  using Row = std::vector<std::optional<std::string>>;  // none: NULL

  std::vector<std::string> columns;
  std::vector<Row> rows;

  /// The field of that name; none where there is no such row or column, or it is NULL. Names differ in case between
  /// versions ("Variable_name", "VARIABLE_NAME"), which is of no matter here.
  std::optional<std::string_view> find(std::size_t row, std::string_view column) const;
  /// Of SHOW VARIABLES and SHOW STATUS: the value of that name. None where the server has no such variable.
  std::optional<std::string_view> value_of(std::string_view name) const;
};

/// How far a connection has come.
enum class Progress : std::uint8_t {
  connecting,
  connected,  // TCP; nothing heard
  greeted,    // the first bytes came: the server lives
  ready,      // logged in
};

struct Failure {
  unsigned number = 0;  // of the server, or of the client library; 0: sengu's own
  std::string text;     // for people
  Progress at = Progress::ready;
  int connect_error = 0;  // errno of the connect, or ETIMEDOUT of what came before `ready`
};

/// True where the server said it, rather than the client library or sengu.
bool is_from_server(const Failure& failure);

struct Reply {
  Table table;
  std::optional<Failure> failure;
  bool ok() const { return !failure; }
};

/// Sends one statement and returns its answer. Scripts and questions are written over this, whatever carries it.
using Ask = std::function<Reply(const std::string& statement)>;

}  // namespace sengu::health::mysql
