// What loads, and to what: defaults, every supported key, includes, passwords.
#include <doctest/doctest.h>

#include "config/load.hpp"
#include "config/print.hpp"
#include "tests/unit/config/files.hpp"

using namespace sengu;
using namespace sengu::config;
using namespace sengu::config::test;

TEST_CASE("config load: the shortest useful file has the defaults of settings.hpp") {
  Folder folder;
  folder.write("sengu.toml", minimal);
  REQUIRE(folder.problems() == Lines{});
  const Settings settings = *folder.load().settings;
  Settings expected;
  expected.proxy.name = settings.proxy.name;
  GroupSettings& group = expected.groups.emplace_back();
  group.name = "sessions";
  group.listen = {"127.0.0.1", 7000};
  for (const char* host : {"10.0.0.11", "10.0.0.12"}) {
    const Endpoint address{host, 6379};
    group.nodes.push_back({to_string(address), address, address, "", 100});
  }
  CHECK(print(settings) == print(expected));
  CHECK(!settings.proxy.name.empty());
}

static const std::string everything = R"(
[proxy]
name = "proxy-a"
zone = "1a"
workers = 4
state_dir = "/tmp/sengu \"x\""
max_connections = 1_000
stop_delay = "1s"
stop_grace = "2s"
[admin]
listen = "0.0.0.0:26379"
password_file = "admin.password"
auth_required = "all"
announce = "backend"
[http]
listen = "[::1]:0"
[log]
level = "debug"
format = "json"
sessions = "none"
[[group]]
name = "a.b_c-1"
kind = "redis"
listen = "0.0.0.0:6379"
read_listen = "172.16.0.10:0"
username = "sengu"
password_file = "group.password"
tls = "off"
connect_timeout = "2s"
max_connections = 7
allow = ["10.0.0.0/8", "::1"]
[group.health]
interval = "1s"
timeout = "2s"
down_after = "5s"
rise = 3
loading_timeout = "2m"
[group.failover]
mode = "manual"
authority = "local"
on_process_death = "down_after"
hold_timeout = "0us"
hold_max = 5
parallel_syncs = 2
cooldown = "1m"
step_timeout = "1500ms"
max_lag_bytes = 9223372036854775807
amnesia_wait = "1h"
rejoin_delay = "10m"
[[group.node]]
name = "redis:[1]"
address = "10.0.0.11:6379"
replication_address = "192.168.0.1:6379"
zone = "1b"
priority = 0
[[group.node]]
address = "[fd00::1]:6379"
)";

TEST_CASE("config load: every supported key arrives in its field") {
  Folder folder;
  folder.write("sengu.toml", everything);
  folder.write("admin.password", "s3cret\n");
  folder.write("group.password", " two words \r\n");
  REQUIRE(folder.problems() == Lines{});
  const Settings s = *folder.load().settings;
  CHECK(s.proxy.name == "proxy-a");
  CHECK(s.proxy.workers == 4);
  CHECK(s.proxy.state_dir == "/tmp/sengu \"x\"");
  CHECK(s.proxy.max_connections == 1000);
  CHECK(s.proxy.stop_delay == 1s);
  CHECK(s.admin.listen == Endpoint{"0.0.0.0", 26379});
  CHECK(s.admin.password.value == "s3cret");
  CHECK(s.admin.auth_required == AuthRequired::all);
  CHECK(s.admin.announce == Announce::backend);
  CHECK(s.http.listen == Endpoint{"::1", 0});
  CHECK(s.log.level == LogLevel::debug);
  CHECK(s.log.format == LogFormat::json);
  CHECK(s.log.sessions == LogSessions::none);
  const GroupSettings& g = s.groups.at(0);
  CHECK(g.read_listen == Endpoint{"172.16.0.10", 0});
  CHECK(g.username == "sengu");
  CHECK(g.password.value == " two words ");
  CHECK(g.connect_timeout == 2s);
  CHECK(g.allow.size() == 2);
  CHECK(g.health.loading_timeout == 2min);
  CHECK(g.failover.mode == Mode::manual);
  CHECK(g.failover.on_process_death == OnProcessDeath::down_after);
  CHECK(g.failover.hold_timeout == 0ms);
  CHECK(g.failover.max_lag_bytes == 9223372036854775807u);
  CHECK(g.nodes.at(0).name == "redis:[1]");
  CHECK(g.nodes.at(0).replication_address == Endpoint{"192.168.0.1", 6379});
  CHECK(g.nodes.at(0).priority == 0);
  CHECK(g.nodes.at(1).name == "[fd00::1]:6379");
  CHECK(g.nodes.at(1).replication_address == g.nodes.at(1).address);
}

TEST_CASE("config print: what is printed loads again to the same, and holds no secret") {
  Folder folder;
  std::string text = everything;
  text.replace(text.find("0.0.0.0:26379"), 13, "127.0.0.1:2637");  // loopback, and
  text.replace(text.find("auth_required = \"all\""), 21, "");      // so needs no password when printed
  text.replace(text.find("username = \"sengu\""), 18, "");
  folder.write("sengu.toml", text);
  folder.write("admin.password", "s3cret\n");
  folder.write("group.password", "t0psecret\n");
  REQUIRE(folder.problems() == Lines{});
  const std::string printed = print(*folder.load().settings);
  CHECK(printed.find("s3cret") == std::string::npos);
  CHECK(printed.find("t0psecret") == std::string::npos);
  CHECK(printed.find("# password_file = \"***\"\n") != std::string::npos);
  folder.write("again.toml", printed);
  const Loaded again = folder.load("again.toml");
  REQUIRE(again.settings);
  std::string without = printed;
  const std::string secret = "# password_file = \"***\"\n";
  for (auto at = without.find(secret); at != std::string::npos; at = without.find(secret))
    without.erase(at, secret.size());
  CHECK(print(*again.settings) == without);
}

static const std::string mysql_group = R"(
[[group]]
name = "orders"
kind = "mysql"
listen = "127.0.0.1:3306"
nodes = ["10.0.0.11:3306", "10.0.0.12:3306"]
username = "monitor"
password_file = "group.password"
replication_username = "replica"
replication_password_file = "replica.password"
semi_sync = "off"
scheduled_events = "follow"
tls = "verify"
ca_file = "tls/ca.pem"
cert_file = "tls/cert.pem"
key_file = "tls/../tls/key.pem"
[group.health]
query = "SELECT 1"
)";

TEST_CASE("config load: a MySQL group, and TLS with files beside the file that names them") {
  Folder folder;
  folder.write("sengu.toml", mysql_group);
  for (const char* name : {"group.password", "replica.password", "tls/ca.pem", "tls/cert.pem", "tls/key.pem"})
    folder.write(name, "s3cret\n");
  REQUIRE(folder.problems() == Lines{});
  const Settings settings = *folder.load().settings;
  const GroupSettings& g = settings.groups.at(0);
  CHECK(g.kind == Kind::mysql);
  CHECK(g.replication_username == "replica");
  CHECK(g.replication_password.value == "s3cret");
  CHECK(g.semi_sync == SemiSync::off);
  CHECK(g.scheduled_events == ScheduledEvents::follow);
  CHECK(g.health.query == "SELECT 1");
  CHECK(g.tls.mode == Tls::verify);
  CHECK(g.tls.ca_file == folder.path() / "tls/ca.pem");
  CHECK(g.tls.cert_file == folder.path() / "tls/cert.pem");
  CHECK(g.tls.key_file == folder.path() / "tls/key.pem");
  const std::string printed = print(settings);
  CHECK(printed.find("s3cret") == std::string::npos);
  CHECK(printed.find("# replication_password_file = \"***\"\n") != std::string::npos);
  CHECK(printed.find("query = \"SELECT 1\"\n") != std::string::npos);
  CHECK(printed.find("max_lag_bytes") == std::string::npos);
}

TEST_CASE("config print: a MySQL group loads again to the same, from anywhere") {
  Folder folder, elsewhere;
  std::string text = mysql_group;
  for (const char* line : {"username = \"monitor\"\n", "replication_username = \"replica\"\n",
                           "replication_password_file = \"replica.password\"\n"})
    text.erase(text.find(line), std::string(line).size());
  text.erase(text.find("password_file = \"group.password\"\n"), 33);
  folder.write("sengu.toml", text);
  for (const char* name : {"tls/ca.pem", "tls/cert.pem", "tls/key.pem"}) folder.write(name, "x");
  REQUIRE(folder.problems() == Lines{});
  const std::string printed = print(*folder.load().settings);
  elsewhere.write("sengu.toml", printed);
  REQUIRE(elsewhere.problems() == Lines{});
  CHECK(print(*elsewhere.load().settings) == printed);
}

static std::string group_named(const std::string& name, int port) {
  return "[[group]]\nname = \"" + name + "\"\nlisten = \"127.0.0.1:" + std::to_string(port) +
         "\"\nnodes = [\"10.0.0.1:6379\"]\n";
}

TEST_CASE("config include: globs are sorted and relative to the file; no match is fine") {
  Folder folder;
  folder.write("sengu.toml", "include = [\"groups.d/*.toml\", \"extra.toml\", \"none/*.toml\"]\n");
  folder.write("groups.d/b.toml", group_named("b", 7002));
  folder.write("groups.d/a.toml", group_named("a", 7001));
  folder.write("groups.d/not.txt", "nonsense");
  folder.write("extra.toml", group_named("c", 7003));
  REQUIRE(folder.problems() == Lines{});
  const Settings settings = *folder.load().settings;
  REQUIRE(settings.groups.size() == 3);
  CHECK(settings.groups[0].name == "a");
  CHECK(settings.groups[1].name == "b");
  CHECK(settings.groups[2].name == "c");
}

TEST_CASE("config include: problems name the file they stand in, and one bad file hides no other") {
  Folder folder;
  folder.write("sengu.toml", "include = [\"missing.toml\",\n \"d/*.toml\", 3]\n" + group_named("main", 7000));
  folder.write("d/a.toml", "[proxy]\nworkers = 1\n" + group_named("main", 7001));
  folder.write("d/b.toml", "x =\n");
  folder.write("d/c.toml", "include = [\"d/*.toml\"]\n" + group_named("c", 7000));
  folder.write("d/e.toml/x", "");
  CHECK(folder.problems() ==
        Lines{
            "d/a.toml:1: proxy: an included file may only hold [[group]]",
            "d/a.toml:4: group.name: duplicate group \"main\": first at sengu.toml:4",
            "d/b.toml:1: syntax: missing value after key-value separator '=': expected value, but got nothing",
            "d/c.toml:1: include: an included file may only hold [[group]]",
            "d/c.toml:4: group.listen: duplicate listen address \"127.0.0.1:7000\": also group.listen at sengu.toml:5",
            "d/e.toml:1: file: is a directory",
            "sengu.toml:1: include: \"missing.toml\": No such file or directory",
            "sengu.toml:2: include: must be a string, not an integer",
        });
}

TEST_CASE("config include: a file is read once, and never includes itself") {
  Folder folder;
  folder.write("sengu.toml", "include = [\"*.toml\"]\n" + minimal);
  const auto problems = folder.problems();
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] == "sengu.toml:1: include: \"sengu.toml\" is included already, or is this file itself");
}
