// Every bad input on its exact line: file:line: key: what.
#include <doctest/doctest.h>

#include "tests/unit/config/files.hpp"

using namespace sengu::config;
using namespace sengu::config::test;

TEST_CASE("config problems: all of them in one go, in the order of their lines") {
  CHECK(problems_of("[proxy]\nworkers = 2000\nzon = \"a\"\nbusy_poll = \"49us\"\n[hooks]\nevents = []\n"
                    "[[group]]\nname = \"a b\"\nlisten = \"vip:6379\"\nproxy_protocol_in = false\n[group.health]\nrise "
                    "= \"2\"\n") ==
        Lines{
            "sengu.toml:2: proxy.workers: 2000 is out of range: 0 to 1024",
            "sengu.toml:3: proxy.zon: unknown key; did you mean \"zone\"?",
            "sengu.toml:4: proxy.busy_poll: less than \"50us\" costs more than it gains: \"0us\" switches it off",
            "sengu.toml:5: hooks: not supported yet",
            "sengu.toml:7: group.nodes: the group has no nodes",
            "sengu.toml:8: group.name: \"a b\" may hold only letters, digits and _.-",
            "sengu.toml:9: group.listen: host names are not supported yet: use an IP address",
            "sengu.toml:10: group.proxy_protocol_in: not supported yet",
            "sengu.toml:12: group.health.rise: must be an integer, not a string",
        });
}

TEST_CASE("config problems: files that cannot be read") {
  Folder folder;
  CHECK(folder.problems() == Lines{"sengu.toml:1: file: No such file or directory"});
  std::filesystem::create_directory(folder.path() / "sengu.toml");
  CHECK(folder.problems() == Lines{"sengu.toml:1: file: is a directory"});
}

TEST_CASE("config problems: syntax") {
  CHECK(problems_of("[proxy]\nname = \n") ==
        Lines{"sengu.toml:2: syntax: missing value after key-value separator '=': expected value, but got nothing"});
  CHECK(problems_of("a = 1\na = 2\nb = 3\n") ==
        Lines{"sengu.toml:2: syntax: value (\"a\") already exists: value defined twice"});
  CHECK(problems_of("a = " + std::string(200, '[')) == Lines{"sengu.toml:1: syntax: brackets nest too deeply"});
}

// toml11 recurses over the parts of a dotted key: 200,000 of them took 20 s or ended the process.
TEST_CASE("config problems: keys of too many parts") {
  std::string dotted = "a";
  for (int i = 0; i < 200'000; ++i) dotted += ".a";
  const Lines refused{"sengu.toml:2: syntax: a key with too many dots"};
  CHECK(problems_of("\n" + dotted + " = 1\n") == refused);
  CHECK(problems_of("\n[" + dotted + "]\n") == refused);
  CHECK(problems_of("\n[[" + dotted + "]]\n") == refused);
  CHECK(problems_of("\na = [{" + dotted + " = 1}]\n") == refused);
  std::string quoted = "\"a=\"";
  for (int i = 0; i < 1000; ++i) quoted += " . 'a#' . \"\\\"=\"";
  CHECK(problems_of("\n" + quoted + " = 1\n") == refused);
  CHECK(problems_of("\na = {b = \"\"\"c\"\"\"\"\", " + dotted + " = 1}\n") == refused);
}

// toml11 3.7.1 reads beyond its buffer where a literal string is not UTF-8.
TEST_CASE("config problems: a file that is not UTF-8") {
  for (const std::string wrong :
       {"\xDB", "\xC0\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x9F\x98", "\x80", "\xFF"})
    CHECK(problems_of("\nb = '" + wrong + "'\n") == Lines{"sengu.toml:2: syntax: is not UTF-8"});
  CHECK(problems_of(minimal + "# \u00e9\u20ac\U0001F600 \uD7FF\uE000\U0010FFFF\n").empty());
}

// toml11 copies the line of every value: its time grows with the square of a line's length.
TEST_CASE("config problems: too long a line, too large a file") {
  std::string array = "a = [";
  for (int i = 0; i < 400'000; ++i) array += "1,";
  CHECK(problems_of("\n" + array + "]\n") == Lines{"sengu.toml:2: syntax: a line of more than 16 KiB"});
  CHECK(problems_of(minimal + "#" + std::string(16 * 1024 - 1, 'x')).empty());
  std::string file = minimal;
  while (file.size() <= 1024 * 1024) file += "# " + std::string(1000, 'x') + "\n";
  CHECK(problems_of(file) == Lines{"sengu.toml:1: file: is larger than 1048576 bytes"});
}

TEST_CASE("config problems: dots in strings and comments are no key's") {
  const std::string dots(500, '.');
  CHECK(problems_after_group("# " + dots + "\n").empty());
  for (const std::string quote : {"\"", "'", "\"\"\"", "\'\'\'"})
    CHECK(problems_of("[proxy]\nzon = " + quote + dots + quote + "\n" + minimal) ==
          Lines{"sengu.toml:2: proxy.zon: unknown key; did you mean \"zone\"?"});
  CHECK(problems_of(minimal + "[proxy]\nname = \"\"\"a\"\"\"").empty());  // the end of the string is that of the file
}

TEST_CASE("config problems: no group at all") {
  const Lines none{"sengu.toml:1: group: there is no [[group]]"};
  CHECK(problems_of("") == none);
  CHECK(problems_of("\n[proxy]\n") == none);
  CHECK(problems_of("group = []") == none);
  CHECK(problems_of("[group]\nname = \"a\"\n") == Lines{"sengu.toml:1: group: write [[group]], with double brackets"});
  CHECK(problems_of("group = [1]") == Lines{"sengu.toml:1: group: must be a table, not an integer"});
  CHECK(problems_of("[proxy]\nzzzzzzqqqq = 1") ==
        Lines{"sengu.toml:1: group: there is no [[group]]", "sengu.toml:2: proxy.zzzzzzqqqq: unknown key"});
  CHECK(problems_of("grup = 1") == Lines{"sengu.toml:1: group: there is no [[group]]",
                                         "sengu.toml:1: grup: unknown key; did you mean \"group\"?"});
}

TEST_CASE("config problems: what is required of a group") {
  CHECK(problems_of("[[group]]\nkind = \"redis\"\n") == Lines{"sengu.toml:1: group.listen: must be given",
                                                              "sengu.toml:1: group.name: must be given",
                                                              "sengu.toml:1: group.nodes: the group has no nodes"});
  CHECK(problems_of("[[group]]\nname = \"\"\nlisten = \"10.0.0.1:1\"\nnodes = []\n") ==
        Lines{"sengu.toml:2: group.name: must not be empty", "sengu.toml:4: group.nodes: the group has no nodes"});
  CHECK(problems_of("[[group]]\nname = \"all\"\nlisten = \"10.0.0.1:1\"\nnodes = [\"10.0.0.2:1\"]\n") ==
        Lines{"sengu.toml:2: group.name: \"all\" means every group in the operator's commands: choose another name"});
}

TEST_CASE("config problems: values that are not supported yet") {
  CHECK(problems_after_group("kind = \"tcp\"\n") == Lines{"sengu.toml:5: group.kind: \"tcp\" is not supported yet"});
  for (const char* authority : {"etcd", "sentinel"})
    CHECK(problems_after_group("[group.failover]\nauthority = \"" + std::string(authority) + "\"\n") ==
          Lines{"sengu.toml:6: group.failover.authority: \"" + std::string(authority) + "\" is not supported yet"});
  CHECK(problems_after_group("kind = \"redsi\"\n") ==
        Lines{"sengu.toml:5: group.kind: \"redsi\" is none of \"redis\", \"mysql\", \"tcp\""});
}

TEST_CASE("config problems: keys that are not supported yet") {
  for (const std::string key : {"drain_grace", "max_connections_per_source", "connect_rate_per_source", "release_rate",
                                "proxy_protocol_in", "proxy_protocol_out", "check", "send", "expect", "routing"})
    CHECK(problems_after_group(key + " = 1\n") == Lines{"sengu.toml:5: group." + key + ": not supported yet"});
  for (const std::string section : {"hooks", "cluster", "sentinel", "vip"})
    CHECK(problems_after_group("[" + section + "]\n") == Lines{"sengu.toml:5: " + section + ": not supported yet"});
  CHECK(problems_after_group("[proxy]\nresolve_interval = \"30s\"\n") ==
        Lines{"sengu.toml:6: proxy.resolve_interval: not supported yet"});
}

TEST_CASE("config problems: integers") {
  CHECK(problems_after_group("max_connections = 99999999999999999999\n") ==
        Lines{"sengu.toml:5: group.max_connections: 99999999999999999999 is out of range: 0 to 10000000"});
  CHECK(problems_after_group("max_connections = 0x1_0000_0000_0000_0000\n") ==
        Lines{"sengu.toml:5: group.max_connections: 0x1_0000_0000_0000_0000 is out of range: 0 to 10000000"});
  CHECK(
      problems_after_group("[group.failover]\nmax_lag_bytes = 9223372036854775808\n") ==
      Lines{
          "sengu.toml:6: group.failover.max_lag_bytes: 9223372036854775808 is out of range: 0 to 9223372036854775807"});
  CHECK(problems_after_group("max_connections = -1\n") ==
        Lines{"sengu.toml:5: group.max_connections: -1 is out of range: 0 to 10000000"});
  CHECK(problems_after_group("max_connections = 1.5\n") ==
        Lines{"sengu.toml:5: group.max_connections: must be an integer, not a float"});
  CHECK(problems_after_group("max_connections = 0x1F\n") == Lines{});
  CHECK(problems_after_group("[group.health]\nrise = 0\n") ==
        Lines{"sengu.toml:6: group.health.rise: 0 is out of range: 1 to 1000"});
}

TEST_CASE("config problems: durations") {
  const auto health = [](const std::string& line) { return problems_after_group("[group.health]\n" + line + "\n"); };
  CHECK(health("interval = 500") ==
        Lines{"sengu.toml:6: group.health.interval: must be a duration such as \"500ms\" or \"3s\", not an integer"});
  CHECK(health("interval = \"1.5s\"") == Lines{"sengu.toml:6: group.health.interval: malformed duration \"1.5s\": "
                                               "write a whole number and us, ms, s, m or h, such as \"500ms\""});
  CHECK(health("interval = \"0s\"") ==
        Lines{"sengu.toml:6: group.health.interval: \"0s\" is out of range: \"1ms\" to \"24h\""});
  CHECK(health("timeout = \"0ms\"") ==
        Lines{"sengu.toml:6: group.health.timeout: \"0ms\" is out of range: \"1ms\" to \"24h\""});
  CHECK(health("interval = \"99999999999999999999h\"") ==
        Lines{"sengu.toml:6: group.health.interval: \"99999999999999999999h\" is out of range: \"1ms\" to \"24h\""});
  CHECK(health("interval = \"1500us\"") ==
        Lines{"sengu.toml:6: group.health.interval: \"1500us\" is not a whole number of milliseconds"});
  CHECK(health("interval = \"2000us\"") == Lines{});
  CHECK(health("timeout = \"4s\"") ==
        Lines{"sengu.toml:6: group.health.timeout: down_after must not be shorter than timeout"});
  CHECK(health("down_after = \"400ms\"") ==
        Lines{"sengu.toml:6: group.health.down_after: down_after must not be shorter than timeout"});
}

TEST_CASE("config problems: addresses") {
  const auto nodes = [](const std::string& list) {
    return problems_of("[[group]]\nname = \"a\"\nlisten = \"172.16.0.10:6379\"\nnodes = [" + list + "]\n");
  };
  CHECK(nodes("\"10.0.0.1\"") == Lines{"sengu.toml:4: group.nodes: malformed address \"10.0.0.1\": write IP:PORT, such "
                                       "as \"10.0.0.11:6379\" or \"[::1]:6379\""});
  CHECK(nodes("\"redis-1.example:6379\"") ==
        Lines{"sengu.toml:4: group.nodes: host names are not supported yet: use an IP address"});
  CHECK(nodes("\"10.0.0.1:0\"") == Lines{"sengu.toml:4: group.nodes: \"10.0.0.1:0\" needs a port from 1 to 65535"});
  CHECK(nodes("\"10.0.0.1:1\",\n\"10.0.0.2:1\",\n\"10.0.0.1:1\"") ==
        Lines{"sengu.toml:6: group.nodes: duplicate node \"10.0.0.1:1\": first at sengu.toml:4"});
  CHECK(nodes("\"10.0.0.1:1\",\n\"172.16.0.10:6379\"") ==
        Lines{"sengu.toml:5: group.nodes: \"172.16.0.10:6379\" is where the group listens: the group would proxy to "
              "itself"});
  CHECK(
      problems_after_group("read_listen = \"10.0.0.11:6379\"\n") ==
      Lines{
          "sengu.toml:4: group.nodes: \"10.0.0.11:6379\" is where the group listens: the group would proxy to itself"});
  CHECK(problems_after_group("allow = [\"10.0.0.1/8\"]\n") ==
        Lines{"sengu.toml:5: group.allow: malformed network \"10.0.0.1/8\": write an address or a block such as "
              "\"10.0.0.0/8\", with no bits set "
              "beyond the prefix"});
  CHECK(problems_after_group("read_listen = true\n") ==
        Lines{"sengu.toml:5: group.read_listen: must be a string, not a boolean"});
}

TEST_CASE("config problems: names are bounded, as the journal has slots of a fixed size") {
  const auto named = [](std::size_t length) {
    return problems_of("[[group]]\nname = \"" + std::string(length, 'n') +
                       "\"\nlisten = \"172.16.0.10:6379\"\nnodes = [\"10.0.0.1:6379\"]\n");
  };
  CHECK(named(128).empty());
  CHECK(named(129) == Lines{"sengu.toml:2: group.name: must not be longer than 128 characters"});
}

TEST_CASE("config problems: nodes in the long form") {
  const auto node = [](const std::string& lines) {
    return problems_of(
        "[[group]]\nname = \"a\"\nlisten = \"172.16.0.10:6379\"\n[[group.node]]\nname = \"n1\"\naddress = "
        "\"10.0.0.1:6379\"\n" +
        lines);
  };
  CHECK(node("priority = 1000001\n") ==
        Lines{"sengu.toml:7: group.node.priority: 1000001 is out of range: 0 to 1000000"});
  CHECK(node("[[group.node]]\nname = \"n2\"\n") == Lines{"sengu.toml:7: group.node: a node needs an address"});
  CHECK(node("[[group.node]]\nname = \"n 2\"\naddress = \"10.0.0.2:1\"\n") ==
        Lines{"sengu.toml:8: group.node.name: \"n 2\" may hold only letters, digits and _.-:[]"});
  CHECK(node("[[group.node]]\nname = \"n1\"\naddress = \"10.0.0.2:1\"\n") ==
        Lines{"sengu.toml:8: group.node.name: duplicate node name \"n1\": first at sengu.toml:5"});
  CHECK(node("[[group.node]]\nname = \"n2\"\naddress = \"10.0.0.1:6379\"\n") ==
        Lines{"sengu.toml:9: group.node.address: duplicate node \"10.0.0.1:6379\": first at sengu.toml:6"});
  CHECK(node("replication_address = \"172.16.0.10:6379\"\n") ==
        Lines{"sengu.toml:7: group.node.replication_address: \"172.16.0.10:6379\" is where the group listens: the "
              "group would proxy to itself"});
  CHECK(problems_after_group("[[group.node]]\naddress = \"10.0.0.3:1\"\n") ==
        Lines{"sengu.toml:4: group.nodes: both nodes and [[group.node]] are given: use one of them"});
}

TEST_CASE("config problems: duplicates across groups and ports of our own") {
  const std::string second = "[[group]]\nname = \"b\"\nnodes = [\"10.0.0.1:1\"]\n";
  CHECK(
      problems_after_group("[[group]]\nname = \"sessions\"\nnodes = [\"10.0.0.1:1\"]\nlisten = \"127.0.0.1:7001\"\n") ==
      Lines{"sengu.toml:6: group.name: duplicate group \"sessions\": first at sengu.toml:2"});
  CHECK(problems_after_group(second + "listen = \"127.0.0.1:7000\"\n") ==
        Lines{"sengu.toml:8: group.listen: duplicate listen address \"127.0.0.1:7000\": also group.listen at "
              "sengu.toml:3"});
  CHECK(problems_after_group("read_listen = \"127.0.0.1:7000\"\n") ==
        Lines{"sengu.toml:5: group.read_listen: duplicate listen address \"127.0.0.1:7000\": also group.listen at "
              "sengu.toml:3"});
  CHECK(problems_after_group(second + "listen = \"127.0.0.1:26379\"\n") ==
        Lines{"sengu.toml:8: group.listen: duplicate listen address \"127.0.0.1:26379\": also admin.listen at "
              "sengu.toml:1"});
  CHECK(
      problems_of("[http]\nlisten = \"127.0.0.1:7000\"\n" + minimal) ==
      Lines{
          "sengu.toml:5: group.listen: duplicate listen address \"127.0.0.1:7000\": also http.listen at sengu.toml:2"});
  CHECK(problems_after_group("read_listen = \"127.0.0.1:0\"\n" + second + "listen = \"127.0.0.1:0\"\n") == Lines{});
}

TEST_CASE("config problems: the admin port") {
  CHECK(problems_of("[admin]\nlisten = \"0.0.0.0:26379\"\n" + minimal) ==
        Lines{"sengu.toml:2: admin.listen: must be a loopback address unless password_file is given"});
  CHECK(problems_of("[admin]\nauth_required = \"all\"\n" + minimal) ==
        Lines{"sengu.toml:2: admin.auth_required: \"all\" needs password_file as well"});
  CHECK(problems_of("[admin]\nlisten = \"127.9.9.9:0\"\npassword_file = \"\"\n" + minimal) == Lines{});
}

TEST_CASE("config problems: password files") {
  Folder folder;
  const auto with = [&](const std::string& name) {
    folder.write("sengu.toml", minimal + "password_file = \"" + name + "\"\n");
    return folder.problems();
  };
  folder.write("empty", "\n");
  folder.write("two", "a\nb\n");
  folder.write("large", std::string(5000, 'x'));
  folder.write("good", "x");
  const std::string at = "sengu.toml:5: group.password_file: password file ";
  CHECK(with("missing") == Lines{at + "\"missing\": No such file or directory"});
  CHECK(with("empty") == Lines{at + "\"empty\": is empty"});
  CHECK(with("two") == Lines{at + "\"two\": holds more than one line"});
  CHECK(with("large") == Lines{at + "\"large\": is larger than 4096 bytes"});
  CHECK(with(".") == Lines{at + "\".\": is a directory"});
  CHECK(with("good") == Lines{});
  CHECK(with((folder.path() / "good").string()) == Lines{});
  CHECK(problems_after_group("username = \"a\"\n") ==
        Lines{"sengu.toml:5: group.username: needs password_file as well"});
}

TEST_CASE("config problems: sections of the wrong type") {
  CHECK(problems_of("proxy = 1\n" + minimal) == Lines{"sengu.toml:1: proxy: must be a table, not an integer"});
  CHECK(problems_of("[[admin]]\n" + minimal) == Lines{"sengu.toml:1: admin: must be a table, not an array"});
  CHECK(problems_of("http = \"x\"\n" + minimal) == Lines{"sengu.toml:1: http: must be a table, not a string"});
  CHECK(problems_of("include = \"x\"\n" + minimal) == Lines{"sengu.toml:1: include: must be an array, not a string"});
  CHECK(problems_after_group("health = 1\n") == Lines{"sengu.toml:5: group.health: must be a table, not an integer"});
  CHECK(problems_of("[[group]]\nname = \"a\"\nlisten = \"10.0.0.1:1\"\nnodes = \"10.0.0.2:1\"\n") ==
        Lines{"sengu.toml:4: group.nodes: must be an array, not a string"});
  CHECK(problems_of("[proxy]\nname = 1979-05-27\nstate_dir = \"\"\n" + minimal) ==
        Lines{"sengu.toml:2: proxy.name: must be a string, not a date or time",
              "sengu.toml:3: proxy.state_dir: must not be empty"});
}

TEST_CASE("config problems: TLS") {
  Folder folder;
  const auto with = [&](const std::string& lines) {
    folder.write("sengu.toml", minimal + lines);
    return folder.problems();
  };
  folder.write("file.pem", "x");
  for (const std::string mode : {"off", "prefer", "require", "verify"})
    CHECK(with("tls = \"" + mode + "\"\n") == Lines{});
  CHECK(with("tls = \"on\"\nca_file = \"file.pem\"\n") ==
        Lines{"sengu.toml:5: group.tls: \"on\" is none of \"off\", \"prefer\", \"require\", \"verify\""});
  for (const std::string key : {"ca_file", "cert_file", "key_file"}) {
    const std::string at = "sengu.toml:6: group." + key + ": ";
    const auto given = [&](const std::string& path) {  // with a partner, so that this is all there is to say
      const std::string partner = key == "cert_file" ? "key_file" : "cert_file";
      return with("tls = \"verify\"\n" + key + " = \"" + path + "\"\n" +
                  (key == "ca_file" ? "" : partner + " = \"file.pem\"\n"));
    };
    CHECK(given("file.pem") == Lines{});
    CHECK(given("missing") == Lines{at + "\"missing\": No such file or directory"});
    CHECK(given(".") == Lines{at + "\".\": is a directory"});
  }
  CHECK(with("cert_file = \"file.pem\"\nkey_file = \"file.pem\"\nca_file = \"file.pem\"\n") ==
        Lines{"sengu.toml:5: group.cert_file: is of no use with tls = \"off\"",
              "sengu.toml:6: group.key_file: is of no use with tls = \"off\"",
              "sengu.toml:7: group.ca_file: is of no use with tls = \"off\""});
  CHECK(with("cert_file = \"\"\nkey_file = \"\"\nca_file = \"\"\n") == Lines{});
  CHECK(with("tls = \"require\"\ncert_file = \"file.pem\"\n") ==
        Lines{"sengu.toml:6: group.cert_file: needs key_file as well"});
  CHECK(with("tls = \"require\"\nkey_file = \"file.pem\"\n") ==
        Lines{"sengu.toml:6: group.key_file: needs cert_file as well"});
  for (const std::string mode : {"prefer", "require"})
    CHECK(with("tls = \"" + mode + "\"\nca_file = \"file.pem\"\n") ==
          Lines{"sengu.toml:6: group.ca_file: certificates are checked with tls = \"verify\" only"});
}

TEST_CASE("config problems: keys of the other kind of group") {
  const std::string mysql = "kind = \"mysql\"\n";
  CHECK(problems_after_group(mysql + "semi_sync = \"off\"\n[group.health]\nquery = \"SELECT 1\"\n") == Lines{});
  CHECK(problems_after_group(mysql + "[group.failover]\nmax_lag_bytes = 0\n") ==
        Lines{"sengu.toml:7: group.failover.max_lag_bytes: is of Redis groups"});
  CHECK(problems_after_group("semi_sync = \"off\"\nreplication_username = \"\"\nreplication_password_file = \"\"\n"
                             "[group.health]\nquery = \"\"\n") ==
        Lines{"sengu.toml:5: group.semi_sync: is of MySQL groups",
              "sengu.toml:6: group.replication_username: is of MySQL groups",
              "sengu.toml:7: group.replication_password_file: is of MySQL groups",
              "sengu.toml:9: group.health.query: is of MySQL groups"});
  CHECK(problems_after_group("scheduled_events = \"leave\"\n") ==
        Lines{"sengu.toml:5: group.scheduled_events: is of MySQL groups"});
  CHECK(problems_after_group("kind = \"tcp\"\nsemi_sync = \"off\"\n") ==
        Lines{"sengu.toml:5: group.kind: \"tcp\" is not supported yet"});
}

TEST_CASE("config problems: keys of MySQL groups") {
  Folder folder;
  const auto with = [&](const std::string& lines) {
    folder.write("sengu.toml", minimal + "kind = \"mysql\"\n" + lines);
    return folder.problems();
  };
  folder.write("password", "x");
  CHECK(with("semi_sync = \"on\"\n") == Lines{"sengu.toml:6: group.semi_sync: \"on\" is none of \"auto\", \"off\""});
  CHECK(with("scheduled_events = \"on\"\n") ==
        Lines{"sengu.toml:6: group.scheduled_events: \"on\" is none of \"leave\", \"follow\""});
  CHECK(with("replication_username = \"r\"\n") ==
        Lines{"sengu.toml:6: group.replication_username: needs replication_password_file as well"});
  CHECK(with("replication_password_file = \"password\"\n") ==
        Lines{"sengu.toml:6: group.replication_password_file: needs replication_username as well"});
  CHECK(with("replication_username = \"r\"\nreplication_password_file = \"missing\"\n") ==
        Lines{"sengu.toml:7: group.replication_password_file: password file \"missing\": No such file or directory"});
  CHECK(with("[group.health]\nquery = \"SELECT 1; SELECT 2\"\n") ==
        Lines{"sengu.toml:7: group.health.query: must be a single statement, without \";\""});
}
