// deploy/sengu.toml shows every supported key, and at its default.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "config/print.hpp"
#include "config/schema.hpp"
#include "tests/support/source_dir.hpp"
#include "tests/unit/config/files.hpp"

using namespace sengu::config;
using namespace sengu::config::test;

static const std::string example = sengu::test::source_dir() + "/deploy/sengu.toml";

static std::string example_text() {
  std::stringstream text;
  text << std::ifstream(example).rdbuf();
  return text.str();
}

TEST_CASE("config example: it loads, and its values are the defaults") {
  const Loaded loaded = load(example);
  for (const Problem& problem : loaded.problems) FAIL_CHECK(to_string(problem));
  REQUIRE(loaded.settings);
  Folder folder;
  folder.write("sengu.toml",
               "[[group]]\nname = \"sessions\"\nlisten = \"127.0.0.1:6379\"\nnodes = [\"10.0.0.11:6379\", "
               "\"10.0.0.12:6379\"]\n");
  CHECK(print(*loaded.settings) == print(*folder.load().settings));
}

/// Each supported key starts a line, perhaps in a comment; each unsupported one is named.
template <class T>
static void check_shown(const std::string& text, const Keys<T>& keys) {
  for (const Key<T>& key : keys) {
    const std::string name(key.name);
    const bool is_table = name == "health" || name == "failover" || name == "node";
    if (!key.read) CHECK_MESSAGE(text.find(name, text.find("Not supported yet")) != std::string::npos, name);
    else if (!is_table)
      CHECK_MESSAGE((text.find("\n" + name + " = ") != std::string::npos ||
                     text.find("\n# " + name + " = ") != std::string::npos),
                    name);
  }
}

TEST_CASE("config example: it shows every key") {
  const std::string text = example_text();
  check_shown(text, proxy_keys());
  check_shown(text, admin_keys());
  check_shown(text, http_keys());
  check_shown(text, log_keys());
  check_shown(text, group_keys());
  check_shown(text, health_keys());
  check_shown(text, failover_keys());
  check_shown(text, node_keys());
}

TEST_CASE("config example: its commented lines load as well") {
  std::string text = example_text();
  text.erase(text.find("# Not supported yet"));
  text.erase(text.find("nodes = ["), text.find("username = ") - text.find("nodes = ["));
  for (const std::string line : {"name = \"proxy-a\"", "read_listen = ", "[[group.node]]", "name = \"redis01\"",
                                 "address = ", "replication_address = ", "zone = ", "priority = "}) {
    const auto at = text.find("\n# " + line);
    REQUIRE_MESSAGE(at != std::string::npos, line);
    text.erase(at + 1, 2);
  }
  CHECK(problems_of(text) == Lines{});
}

TEST_CASE("config example: a MySQL group of it loads as well") {
  std::string text = example_text();
  const auto change = [&](const std::string& line, const std::string& by) {
    const auto at = text.find("\n" + line);
    REQUIRE_MESSAGE(at != std::string::npos, line);
    text.replace(at + 1, line.size(), by);
  };
  change("kind = \"redis\"", "kind = \"mysql\"");
  change("max_lag_bytes", "# max_lag_bytes");
  for (const std::string line : {"semi_sync = \"auto\"", "scheduled_events = \"leave\"", "query = \"SHOW DATABASES\""})
    change("# " + line, line);
  Folder folder;
  folder.write("sengu.toml", text);
  REQUIRE(folder.problems() == Lines{});
  const Settings shown = *folder.load().settings;
  change("semi_sync", "# semi_sync");
  change("scheduled_events", "# scheduled_events");
  change("query", "# query");
  folder.write("sengu.toml", text);
  CHECK(print(shown) == print(*folder.load().settings));
}
