// deploy/manual/reference.md against the code: every outside name stands there, and no metric stands there that is not.
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "config/schema.hpp"
#include "proxy/admin_command.hpp"
#include "proxy/api.hpp"
#include "proxy/metrics.hpp"
#include "tests/support/fake_operations.hpp"

using namespace sengu;

namespace {

std::string page() {
  std::ifstream file(SENGU_SOURCE_DIR "/deploy/manual/reference.md");
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool stands(const std::string& text, std::string_view name) {
  return text.find("`" + std::string(name) + "`") != std::string::npos;
}

/// The names of all enumerators from the first to `last`.
template <class Enum>
std::vector<std::string> names_up_to(Enum last) {
  std::vector<std::string> names;
  for (int at = 0; at <= static_cast<int>(last); ++at) names.emplace_back(to_string(static_cast<Enum>(at)));
  return names;
}

void check_all(const std::string& text, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK(stands(text, name));
  }
}

/// "[section] key" to "default (more)", from the page.
std::map<std::string, std::string> configuration_rows(const std::string& text) {
  std::map<std::string, std::string> rows;
  const std::regex row(R"(\| `(\[\[?[a-z.]+\]\]? \w+)` \| (.*) \|)");
  for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at) rows[(*at)[1]] = (*at)[2];
  return rows;
}

/// Takes out the rows of a section; a key that is supported has one, which begins with its default.
template <class T>
void take_section(std::map<std::string, std::string>& rows, const std::string& section, const config::Keys<T>& keys) {
  for (const auto& key : keys) {
    if (!key.read || key.name == "health" || key.name == "failover" || key.name == "node") continue;  // tables of their own
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

}  // namespace

TEST_CASE("reference: configuration keys and their defaults, both ways") {
  auto rows = configuration_rows(page());
  take_section(rows, "[proxy]", config::proxy_keys());
  take_section(rows, "[admin]", config::admin_keys());
  take_section(rows, "[http]", config::http_keys());
  take_section(rows, "[log]", config::log_keys());
  take_section(rows, "[[group]]", config::group_keys());
  take_section(rows, "[group.health]", config::health_keys());
  take_section(rows, "[group.failover]", config::failover_keys());
  take_section(rows, "[[group.node]]", config::node_keys());
  for (const auto& [name, said] : rows) CHECK_MESSAGE(false, name, " is not a key");
}

TEST_CASE("reference: enums") {
  const auto text = page();
  check_all(text, names_up_to(health::EventKind::step_failed));
  check_all(text, names_up_to(health::Reason::amnesia_wait_over));
  check_all(text, names_up_to(health::Outcome::l7_timeout));
  check_all(text, names_up_to(health::Role::replica));
  check_all(text, names_up_to(health::Health::down));
  check_all(text, names_up_to(health::RouteState::closed));
}

TEST_CASE("reference: admin words, with their privilege") {
  const auto text = page();
  const auto check = [&](const proxy::AdminCommand& row) {
    static const char* const privileges[] = {"open", "read", "operate"};
    const auto line = "| `" + std::string(row.word) + "` | " + privileges[static_cast<int>(row.privilege)] + " |";
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  };
  for (const auto& row : proxy::admin_commands()) check(row);
  for (const auto& row : proxy::sentinel_commands()) check(row);
}

TEST_CASE("reference: metrics, both ways") {
  const auto text = page();
  test::FakeOperations operations;
  std::set<std::string> built;
  for (const auto& family : proxy::metric_families(operations.snapshot(), {})) built.insert(family.name);
  for (const auto& name : built) {
    CAPTURE(name);
    CHECK(text.find("| `" + name + "` |") != std::string::npos);
  }
  const std::regex row(R"(\| `((sengu|process)_\w+)` \|)");
  for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at) {
    CAPTURE((*at)[1].str());
    CHECK(built.count((*at)[1].str()) == 1);
  }
}

TEST_CASE("reference: JSON fields") {
  const auto text = page();
  test::FakeOperations operations;
  const auto document = proxy::groups_document(operations.snapshot());
  const auto check = [&](const boost::json::object& object) {
    for (const auto& field : object) {
      const std::string name(field.key());
      CAPTURE(name);
      const bool found = stands(text, name) || text.find("." + name + "`") != std::string::npos ||
                         text.find("." + name + "[]`") != std::string::npos;
      CHECK(found);
    }
  };
  const auto& group = document.at("groups").as_array().at(0).as_object();
  check(group);
  check(group.at("route").as_object());
  check(group.at("nodes").as_array().at(0).as_object());
  check(group.at("if_master_died").as_object());
  check(proxy::event_document({}));
}
