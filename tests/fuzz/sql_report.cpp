// Any rows as what a MySQL or MariaDB server says of itself, and any bytes as its greeting. A line is a letter for the
// table, a column (or a variable's name), a blank, and the field: "Vversion 9.7.4", "RSource_Host 10.0.0.1"; "R" alone
// begins another row.
#include <algorithm>
#include <string>

#include "config/base/printable.hpp"
#include "health/mysql/errors.hpp"
#include "health/mysql/greeting.hpp"
#include "health/mysql/report.hpp"
#include "health/mysql/text.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace sengu;
using namespace sengu::health::mysql;

void take_pair(Table& table, std::string_view name, std::string_view value) {
  table.columns = {"Variable_name", "Value"};
  table.rows.push_back({std::string(name), std::string(value)});
}

void take_field(Table& table, std::string_view column, std::string_view value) {
  if (column.empty() || table.rows.empty()) table.rows.emplace_back();
  if (column.empty()) return;
  auto at = std::find(table.columns.begin(), table.columns.end(), column) - table.columns.begin();
  if (at == static_cast<std::ptrdiff_t>(table.columns.size())) table.columns.emplace_back(column);
  auto& row = table.rows.back();
  row.resize(table.columns.size());
  if (value != "NULL") row[static_cast<std::size_t>(at)] = value;
}

Tables tables_of(std::string_view text) {
  Tables tables;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const char table = line.front();
    line.remove_prefix(1);
    const auto name = line.substr(0, line.find(' '));
    const auto value = line.substr(std::min(name.size() + 1, line.size()));
    if (table == 'V') take_pair(tables.variables, name, value);
    if (table == 'C') take_pair(tables.counters, name, value);
    if (table == 'T') take_field(tables.transactions, name, value);
    if (table == 'R') take_field(tables.replication, name, value);
    if (table == 'H') take_field(tables.heartbeats, name, value);
  }
  return tables;
}

void check_report(const Tables& tables) {
  const auto dialect = Dialect::of(tables.variables.value_of("version").value_or("9.7.4"));
  if (!dialect) return;
  const auto report = read_report(*dialect, tables);
  fuzz::must_hold({"a report or a problem"}, report.info.has_value() == report.problem.empty());
  if (!report.info) return;
  const auto& info = *report.info;
  fuzz::must_hold({"a server that was read has a role and a name"},
                  info.role != health::Role::unknown && !info.run_id.empty());
  fuzz::must_hold({"a name fits the journal"}, info.run_id.size() <= 64);
  fuzz::must_hold({"a master has no source and is writable"},
                  info.role != health::Role::master || (info.master.host.empty() && !info.read_only));
  fuzz::must_hold({"what is executed was received"}, info.sql->received.contains(info.sql->executed));
  fuzz::must_hold({"errors fit a log line"},
                  info.sql->apply_error.size() <= 200 && info.sql->receive_error.size() <= 200);
}

void check_greeting(std::string_view bytes) {
  const auto whole = read_greeting(bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto part = read_greeting(bytes.substr(0, size));
    fuzz::must_hold({"more bytes never change an answer"}, part == TlsOffer::unknown || part == whole);
  }
}

void check_text(std::string_view text) {
  std::string literal = quoted(text), read;
  for (std::size_t i = 1; i + 1 < literal.size(); ++i) {  // as MySQL reads it without SQL modes
    const bool escape = literal[i] == '\\';
    fuzz::must_hold({"a quote inside is escaped"}, literal[i] != '\'');
    if (escape) ++i;
    read += escape && literal[i] == '0' ? '\0' : literal[i];
  }
  fuzz::must_hold({"a literal is read as it is meant"}, read == text);
  fuzz::must_hold({"a log line is short"}, printable_line(text).size() <= 200);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  check_report(tables_of(text));
  check_greeting(text.substr(0, 400));
  check_text(text.substr(0, 400));
  return 0;
}
