// deploy/manual/reference.md against the code, both ways: every outside name stands there, and no name stands there
// that the code does not have. What the page says of a name is compared where the code has the same words.
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "config/schema.hpp"
#include "health/core/change/failover.hpp"
#include "proxy/admin/command.hpp"
#include "proxy/cli/cli.hpp"
#include "proxy/events/documents.hpp"
#include "proxy/events/log.hpp"
#include "proxy/http/route.hpp"
#include "proxy/view/documents.hpp"
#include "proxy/view/metrics.hpp"
#include "tests/support/fake_operations.hpp"
#include "tests/support/source_dir.hpp"

using namespace sengu;

namespace {

using Names = std::set<std::string>;

std::string read_page(const std::string& path) {
  std::ifstream file(test::source_dir() + "/" + path);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// From a heading to the next one of any depth.
std::string section(const std::string& heading, const std::string& path = "deploy/manual/reference.md") {
  const std::string text = "\n" + read_page(path);
  const auto begin = text.find("\n" + heading + "\n");
  REQUIRE_MESSAGE(begin != std::string::npos, heading);
  const auto body = begin + heading.size() + 2;
  return text.substr(body, text.find("\n#", body) - body);
}

/// All first groups of a pattern.
Names all_of(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  Names found;
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) found.insert((*at)[1]);
  return found;
}

Names quoted(const std::string& text) { return all_of(text, "`([^`]+)`"); }

/// "| `pause GROUP\|all` | what |": an escaped bar belongs to its cell.
std::vector<std::string> cells_of(std::string line) {
  std::vector<std::string> cells;
  line = line.substr(2);
  for (auto end = line.find(" |"); end != std::string::npos; end = line.find(" |")) {
    cells.push_back(std::regex_replace(line.substr(0, end), std::regex(R"(\\\|)"), "|"));
    line = line.substr(std::min(end + 3, line.size()));
  }
  return cells;
}

/// The cells of each row of the table with this head.
std::vector<std::vector<std::string>> table(const std::string& text, const std::string& first_head) {
  std::vector<std::vector<std::string>> rows;
  const auto begin = ("\n" + text).find("\n| " + first_head + " |");
  REQUIRE_MESSAGE(begin != std::string::npos, first_head);
  std::istringstream lines(text.substr(begin));
  for (std::string line; std::getline(lines, line) && line.starts_with("| ");) rows.push_back(cells_of(line));
  REQUIRE(rows.size() > 2);
  rows.erase(rows.begin(), rows.begin() + 2);  // the head and its line
  return rows;
}

/// What is quoted in the first column.
Names first_column(const std::string& text, const std::string& head) {
  Names names;
  for (const auto& row : table(text, head)) names.merge(quoted(row.at(0)));
  return names;
}

/// The names of all enumerators.
template <class Enum>
Names names_of() {
  Names names;
  for (int at = 0; to_string(static_cast<Enum>(at)) != "?"; ++at) {
    REQUIRE(at < 255);
    names.emplace(to_string(static_cast<Enum>(at)));
  }
  return names;
}

void same(const Names& page, const Names& code) {
  for (const auto& name : code) CHECK_MESSAGE(page.contains(name), name, " is missing on the page");
  for (const auto& name : page) CHECK_MESSAGE(code.contains(name), name, " is on the page only");
}

/// "groups[].route.state", ...: all fields that hold no object.
void collect(const boost::json::value& value, const std::string& path, Names& fields) {
  if (const auto* object = value.if_object()) {
    for (const auto& [key, inner] : *object)
      collect(inner, (path.empty() ? "" : path + ".") + std::string(key), fields);
  } else if (const auto* array = value.if_array()) {
    REQUIRE_MESSAGE(!array->empty(), path);
    collect(array->front(), path + "[]", fields);
  } else {
    fields.insert(path);
  }
}

/// A table of fields against a document; ".kind" stands for the object of the first field of its row.
void check_fields(const std::string& text, const boost::json::object& document) {
  Names page;
  for (const auto& row : table(text, "field")) {
    std::string parent;
    const std::regex name("`([^`]+)`");
    for (std::sregex_iterator at(row.at(0).begin(), row.at(0).end(), name), end; at != end; ++at) {
      const std::string field = (*at)[1];
      page.insert(field.starts_with(".") ? parent + field : field);
      if (!field.starts_with(".")) parent = field.substr(0, std::max<std::size_t>(field.rfind('.') + 1, 1) - 1);
    }
  }
  Names code;
  collect(document, "", code);
  same(page, code);
}

/// The rows of a section; a key that is supported has one, which begins with its default.
template <class T>
void take_keys(std::map<std::string, std::string>& rows, const std::string& section, const config::Keys<T>& keys) {
  for (const auto& key : keys) {
    if (!key.read || key.name == "health" || key.name == "failover" || key.name == "node")
      continue;  // tables of their own
    const std::string name = section + " " + std::string(key.name);
    CAPTURE(name);
    REQUIRE(rows.contains(name));
    const std::string printed = key.print ? key.print(T{}) : "";
    const std::string said = rows.extract(name).mapped();
    CAPTURE(printed);
    CAPTURE(said);
    const bool elsewhere = said == "required" || said == "address" || said == "its address" || said == "host name";
    CHECK((elsewhere || said.starts_with(printed)));
  }
}

/// What the page says of a metric, or what the code makes of it.
struct Metric {
  std::map<std::string, Names> labels;  // with their values, where they are a closed set that no enum has
  std::string meaning;                  // "gauge: what"
  bool operator==(const Metric&) const = default;
};

/// "group, result (`done`, `aborted`)"
std::map<std::string, Names> labels_in(const std::string& cell) {
  std::map<std::string, Names> labels;
  const std::regex label(R"((\w+)(?: \(([^)]*)\))?(?:, |$))");
  for (std::sregex_iterator at(cell.begin(), cell.end(), label), end; at != end; ++at)
    labels[(*at)[1]] = quoted((*at)[2]);
  return labels;
}

Metric made_of(const prometheus::MetricFamily& family) {
  static const char* const types[] = {"counter", "gauge", "summary", "untyped", "histogram"};
  Metric metric;
  metric.meaning = std::string(types[static_cast<int>(family.type)]) + ": " + family.help;
  REQUIRE_MESSAGE(!family.metric.empty(), family.name, ": the fake makes no sample of it");
  for (const auto& sample : family.metric)
    for (const auto& label : sample.label) {
      auto& values = metric.labels[label.name];
      if (label.name == "direction" || label.name == "result") values.insert(label.value);
    }
  return metric;
}

std::map<std::string, Metric> metrics_of_the_code() {
  test::FakeOperations operations;
  std::map<std::string, Metric> metrics;
  for (const auto& family : proxy::metric_families(operations.snapshot(), {})) metrics[family.name] = made_of(family);
  return metrics;
}

Names keys_of(const auto& map) {
  Names keys;
  for (const auto& [key, value] : map) keys.insert(key);
  return keys;
}

}  // namespace

TEST_CASE("reference: the command line") {
  const auto text = section("## Command line");
  Names usages;
  Names asking;
  for (const auto& verb : proxy::cli_verbs()) {
    CAPTURE(verb.name);
    usages.insert(verb.usage);
    if (verb.admin_options.empty()) continue;
    asking.insert(verb.name);
    same(first_column(text, "option"), {verb.admin_options.begin(), verb.admin_options.end()});
  }
  same(first_column(text, "verb"), usages);
  const auto options = text.find("\nOptions of ");
  REQUIRE(options != std::string::npos);
  same(quoted(text.substr(options, text.find(", which", options) - options)), asking);
}

TEST_CASE("reference: exit codes") {
  Names page;
  Names code;
  for (const auto& row : table(section("## Command line"), "exit code")) page.insert(row.at(0) + " " + row.at(1));
  for (const auto& [number, meaning] : proxy::exit_meanings)
    code.insert(std::to_string(static_cast<int>(number)) + " " + std::string(meaning));
  same(page, code);
}

TEST_CASE("reference: admin words, with their privilege, usage and help") {
  static const char* const privileges[] = {"open", "read", "operate"};
  const auto check = [](const std::string& head, std::span<const proxy::AdminCommand> rows, const std::string& prefix) {
    Names page;
    for (const auto& row : table(section("## Admin port"), head))
      page.insert(row.at(0) + " " + row.at(1) + " " + row.at(2));
    Names code;
    for (const auto& row : rows)
      code.insert("`" + std::string(row.word) + "` " + privileges[static_cast<int>(row.privilege)] + " `" + prefix +
                  std::string(row.usage) + "`: " + std::string(row.help));
    same(page, code);
  };
  check("word", proxy::admin_commands(), "");
  check("subcommand", proxy::sentinel_commands(), "SENTINEL ");
}

TEST_CASE("reference: HTTP paths") {
  Names code;
  for (const auto& route : proxy::http_routes()) code.emplace(route.path);
  same(first_column(section("## HTTP port"), "path"), code);
}

TEST_CASE("reference: JSON fields") {
  test::FakeOperations operations;
  auto groups = proxy::groups_document(operations.snapshot());
  check_fields(section("### The groups document"), groups);
  check_fields(section("### An event"), proxy::event_document({}));
  check_fields(section("### An operation"), proxy::operation_document("OK"));
  check_fields(section("### A session"), proxy::session_document({}));
}

TEST_CASE("reference: metrics, their labels and meaning") {
  const auto code = metrics_of_the_code();
  std::map<std::string, Metric> page;
  for (const auto& row : table(section("## Metrics"), "metric"))
    page[*quoted(row.at(0)).begin()] = {labels_in(row.at(1)), row.at(2)};
  same(keys_of(page), keys_of(code));
  for (const auto& [key, metric] : code) {
    const std::string& name = key;  // clang 14 captures no structured binding
    CAPTURE(name);
    CHECK(page[name].meaning == metric.meaning);
    same(keys_of(page[name].labels), keys_of(metric.labels));
    for (const auto& [label, values] : metric.labels) same(page[name].labels[label], values);
  }
}

TEST_CASE("reference: a metric that the README calls missing is missing") {
  const auto code = metrics_of_the_code();
  const auto missing = all_of(section("## What is not there yet", "README.md"), "`(sengu_\\w+)`");
  CHECK(missing.size() >= 1);
  for (const auto& name : missing) CHECK_MESSAGE(!code.contains(name), name);
}

TEST_CASE("reference: enums") {
  same(all_of(section("## Events"), "`([+-][a-z-]+)`"), names_of<health::EventKind>());
  same(all_of(section("## Reasons"), "(?:^|\n)- `([^`]+)`"), names_of<health::Reason>());
  same(all_of(section("## Outcomes of a probe"), "(?:^|\n)- `([^`]+)`"), names_of<health::Outcome>());
  same(first_column(section("### A session"), "end"), names_of<proxy::SessionEnd>());
  const auto states = section("## States");
  const auto line = [&](const std::string& title) {
    const auto begin = states.find(title + ": ");
    REQUIRE_MESSAGE(begin != std::string::npos, title);
    return quoted(states.substr(begin, states.find('\n', begin) - begin));
  };
  same(line("Roles"), names_of<health::Role>());
  same(line("Health of a node"), names_of<health::Health>());
  same(line("Route states"), names_of<health::RouteState>());
  same(line("Phases of a failover"), names_of<health::FailoverMachine::State>());
}

TEST_CASE("reference: configuration keys and their defaults") {
  std::map<std::string, std::string> rows;
  for (const auto& row : table(section("## Configuration"), "key")) rows[*quoted(row.at(0)).begin()] = row.at(1);
  REQUIRE(rows.erase("include") == 1);  // read before the schema
  take_keys(rows, "[proxy]", config::proxy_keys());
  take_keys(rows, "[admin]", config::admin_keys());
  take_keys(rows, "[http]", config::http_keys());
  take_keys(rows, "[log]", config::log_keys());
  take_keys(rows, "[[group]]", config::group_keys());
  take_keys(rows, "[group.health]", config::health_keys());
  take_keys(rows, "[group.failover]", config::failover_keys());
  take_keys(rows, "[[group.node]]", config::node_keys());
  for (const auto& row : rows) CHECK_MESSAGE(false, row.first, " is not a key");
}
