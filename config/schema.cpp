// The lists themselves: a line per key, in the order of deploy/manual/reference.md. Ranges are generous; they catch a
// wrong unit, not a bad idea. Defaults are not here: a key that is absent leaves what settings.hpp says.
#include "config/schema.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "config/base/durations.hpp"
#include "config/words.hpp"

namespace sengu::config {
namespace {

constexpr DurationRange any_delay{0ms, 24h};  // "0s" switches it off
constexpr DurationRange some_delay{1ms, 24h};
constexpr std::int64_t most_connections = 10'000'000;
constexpr std::string_view node_name_extra = ":[]";  // a node's default name is its address

template <class T>
Key<T> later(std::string_view name) {
  return {name, {}, {}};
}

template <class T, class N>
Key<T> integer(std::string_view name, N T::*member, IntegerRange range) {
  return {name,
          [=](const Item& item, T& into) {
            if (const auto value = read_integer(item, range)) into.*member = static_cast<N>(*value);
          },
          [=](const T& from) { return std::to_string(from.*member); }};
}

template <class T>
Key<T> boolean(std::string_view name, bool T::*member) {
  return {name,
          [=](const Item& item, T& into) {
            if (const auto value = read_boolean(item)) into.*member = *value;
          },
          [=](const T& from) { return from.*member ? "true" : "false"; }};
}

template <class T>
Key<T> duration(std::string_view name, Milliseconds T::*member, DurationRange range) {
  return {name,
          [=](const Item& item, T& into) {
            if (const auto value = read_milliseconds(item, range)) into.*member = *value;
          },
          [=](const T& from) { return quote(duration_text(from.*member)); }};
}

template <class T>
Key<T> text(std::string_view name, std::string T::*member) {
  return {name,
          [=](const Item& item, T& into) {
            if (const auto value = read_text(item)) into.*member = *value;
          },
          [=](const T& from) { return quote(from.*member); }};
}

/// A name; an empty one is not printed, as it would not load.
template <class T>
Key<T> named(std::string_view name, std::string T::*member, std::string_view more) {
  return {name,
          [=](const Item& item, T& into) {
            if (const auto value = read_name(item, more)) into.*member = *value;
          },
          [=](const T& from) { return (from.*member).empty() ? "" : quote(from.*member); }};
}

template <class T>
Key<T> address(std::string_view name, Endpoint T::*member, Port port) {
  return {name,
          [=](const Item& item, T& into) {
            if (const auto value = read_endpoint(item, port)) into.*member = *value;
          },
          [=](const T& from) { return quote(to_string(from.*member)); }};
}

template <class T>
Key<T> password_file(std::string_view name, Secret T::*member) {
  return {name,
          [=](const Item& item, T& into) {
            if (const auto value = read_password_file(item)) into.*member = *value;
          },
          {}};
}

template <class T>
Key<T> path(std::string_view name, std::string TlsPolicy::*member) {
  return {name,
          [=](const Item& item, T& into) {
            if (const auto value = read_path(item)) into.tls.*member = *value;
          },
          [=](const T& from) { return quote(from.tls.*member); }};
}

template <class E>
std::optional<E> read_word(const Item& item, const Words<E>& words) {
  const auto written = read_text(item);
  if (!written) return std::nullopt;
  std::string choices;
  for (const Word<E>& word : words) {
    if (word.text == *written && word.value) return word.value;
    if (word.text == *written) {
      item.problem(fmt::format("\"{}\" is not supported yet", *written));
      return std::nullopt;
    }
    choices += fmt::format("{}\"{}\"", choices.empty() ? "" : ", ", word.text);
  }
  item.problem(fmt::format("\"{}\" is none of {}", *written, choices));
  return std::nullopt;
}

template <class E>
std::string print_word(E value, const Words<E>& words) {
  for (const Word<E>& candidate : words)
    if (candidate.value == value) return quote(candidate.text);
  return {};
}

template <class T, class E>
Key<T> word(std::string_view name, E T::*member, const Words<E>& words) {
  return {name,
          [member, &words](const Item& item, T& into) {
            if (const auto value = read_word(item, words)) into.*member = *value;
          },
          [member, &words](const T& from) { return print_word(from.*member, words); }};
}

/// A table within a table. Printed under a header of its own, hence not here.
template <class T, class Sub>
Key<T> table(std::string_view name, Sub T::*member, const Keys<Sub>& keys) {
  return {name, [member, &keys](const Item& item, T& into) { read_table(item, keys, into.*member); }, {}};
}

void read_read_listen(const Item& item, GroupSettings& group) {
  if (const auto value = read_endpoint(item, Port::any)) group.read_listen = *value;
}

std::string print_read_listen(const GroupSettings& group) {
  return group.read_listen ? quote(to_string(*group.read_listen)) : "";
}

void finish_node(NodeSettings& node) {
  const bool addressed = !node.address.host.empty();
  if (node.name.empty() && addressed) node.name = to_string(node.address);
  if (node.replication_address.host.empty()) node.replication_address = node.address;
}

// Both forms append one node per element, also a malformed one, so that an index leads back to its line.
void read_short_nodes(const Item& item, GroupSettings& group) {
  if (!require(item, Type::array)) return;
  for (const Value& value : item.value().items) {
    NodeSettings& node = group.nodes.emplace_back();
    if (const auto endpoint = read_endpoint(item.element(value), Port::required)) node.address = *endpoint;
    finish_node(node);
  }
}

void read_long_nodes(const Item& item, GroupSettings& group) {
  if (!require(item, Type::array)) return;
  for (const Value& value : item.value().items) {
    const Item element = item.element(value);
    NodeSettings& node = group.nodes.emplace_back();
    read_table(element, node_keys(), node);
    if (value.type == Type::table && value.find("address") == nullptr) element.problem("a node needs an address");
    finish_node(node);
  }
}

void read_allow(const Item& item, GroupSettings& group) {
  if (!require(item, Type::array)) return;
  for (const Value& value : item.value().items)
    if (auto network = read_network(item.element(value))) group.allow.push_back(std::move(*network));
}

std::string print_allow(const GroupSettings& group) {
  std::string list;
  for (const Network& network : group.allow) list += (list.empty() ? "" : ", ") + quote(network.text);
  return "[" + list + "]";
}

void read_tls(const Item& item, GroupSettings& group) {
  if (const auto mode = read_word(item, tls_words)) group.tls.mode = *mode;
}

/// Under 50 us a worker burns CPU and still blocks before the next request comes (measured).
void read_busy_poll(const Item& item, ProxySettings& proxy) {
  const auto duration = read_duration(item, {0us, 10ms});
  if (!duration) return;
  proxy.busy_poll = *duration;
  if (*duration > 0us && *duration < 50us)
    item.problem("less than \"50us\" costs more than it gains: \"0us\" switches it off");
}

std::string print_tls(const GroupSettings& group) { return print_word(group.tls.mode, tls_words); }

void read_query(const Item& item, HealthPolicy& health) {
  const auto statement = read_text(item);
  if (!statement) return;
  health.query = *statement;
  if (statement->find(';') != std::string::npos) item.problem("must be a single statement, without \";\"");
}

std::string print_query(const HealthPolicy& health) { return quote(health.query); }

}  // namespace

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      result += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    else result += c;
  }
  return result + "\"";
}

const Keys<ProxySettings>& proxy_keys() {
  using T = ProxySettings;
  static const Keys<T> keys{
      named("name", &T::name, ""),
      text("zone", &T::zone),
      integer("workers", &T::workers, {0, 1024}),
      text("state_dir", &T::state_dir),
      integer("max_connections", &T::max_connections, {0, most_connections}),
      {"busy_poll", read_busy_poll, [](const T& from) { return quote(duration_text(from.busy_poll)); }},
      duration("stop_delay", &T::stop_delay, any_delay),
      duration("stop_grace", &T::stop_grace, any_delay),
      later<T>("resolve_interval"),
  };
  return keys;
}

const Keys<AdminSettings>& admin_keys() {
  using T = AdminSettings;
  static const Keys<T> keys{
      address("listen", &T::listen, Port::any),
      password_file("password_file", &T::password),
      word("auth_required", &T::auth_required, auth_required_words),
      word("announce", &T::announce, announce_words),
  };
  return keys;
}

const Keys<HttpSettings>& http_keys() {
  static const Keys<HttpSettings> keys{address("listen", &HttpSettings::listen, Port::any)};
  return keys;
}

const Keys<LogSettings>& log_keys() {
  using T = LogSettings;
  static const Keys<T> keys{
      word("level", &T::level, log_level_words),
      word("format", &T::format, log_format_words),
      word("sessions", &T::sessions, log_sessions_words),
  };
  return keys;
}

const Keys<GroupSettings>& group_keys() {
  using T = GroupSettings;
  static const Keys<T> keys{
      named("name", &T::name, ""),
      word("kind", &T::kind, kind_words),
      address("listen", &T::listen, Port::any),
      {"read_listen", read_read_listen, print_read_listen},
      {"nodes", read_short_nodes, {}},
      text("username", &T::username),
      password_file("password_file", &T::password),
      text("replication_username", &T::replication_username),
      password_file("replication_password_file", &T::replication_password),
      word("semi_sync", &T::semi_sync, semi_sync_words),
      word("scheduled_events", &T::scheduled_events, scheduled_events_words),
      {"tls", read_tls, print_tls},
      path<T>("ca_file", &TlsPolicy::ca_file),
      path<T>("cert_file", &TlsPolicy::cert_file),
      path<T>("key_file", &TlsPolicy::key_file),
      duration("connect_timeout", &T::connect_timeout, some_delay),
      duration("idle_timeout", &T::idle_timeout, any_delay),
      later<T>("drain_grace"),
      integer("max_connections", &T::max_connections, {0, most_connections}),
      later<T>("max_connections_per_source"),
      later<T>("connect_rate_per_source"),
      later<T>("release_rate"),
      {"allow", read_allow, print_allow},
      later<T>("proxy_protocol_in"),
      later<T>("proxy_protocol_out"),
      later<T>("check"),
      later<T>("send"),
      later<T>("expect"),
      later<T>("routing"),
      table("health", &T::health, health_keys()),
      table("failover", &T::failover, failover_keys()),
      {"node", read_long_nodes, {}},
  };
  return keys;
}

const Keys<HealthPolicy>& health_keys() {
  using T = HealthPolicy;
  static const Keys<T> keys{
      duration("interval", &T::interval, some_delay),
      duration("timeout", &T::timeout, some_delay),
      duration("down_after", &T::down_after, some_delay),
      integer("rise", &T::rise, {1, 1000}),
      duration("loading_timeout", &T::loading_timeout, some_delay),
      {"query", read_query, print_query},
  };
  return keys;
}

const Keys<FailoverPolicy>& failover_keys() {
  using T = FailoverPolicy;
  static const Keys<T> keys{
      word("mode", &T::mode, mode_words),
      word("authority", &T::authority, authority_words),
      word("on_process_death", &T::on_process_death, on_process_death_words),
      duration("hold_timeout", &T::hold_timeout, any_delay),
      integer("hold_max", &T::hold_max, {0, most_connections}),
      integer("parallel_syncs", &T::parallel_syncs, {1, 1000}),
      duration("cooldown", &T::cooldown, any_delay),
      duration("step_timeout", &T::step_timeout, some_delay),
      integer("max_lag_bytes", &T::max_lag_bytes, {0, std::numeric_limits<std::int64_t>::max()}),
      duration("amnesia_wait", &T::amnesia_wait, any_delay),
      duration("rejoin_delay", &T::rejoin_delay, any_delay),
  };
  return keys;
}

const Keys<NodeSettings>& node_keys() {
  using T = NodeSettings;
  static const Keys<T> keys{
      named("name", &T::name, node_name_extra),
      address("address", &T::address, Port::required),
      address("replication_address", &T::replication_address, Port::required),
      text("zone", &T::zone),
      integer("priority", &T::priority, {0, 1'000'000}),
      boolean("accepts_filter", &T::accepts_filter),
  };
  return keys;
}

std::span<const KindKey> keys_of_one_kind() {
  static constexpr std::array keys{
      KindKey{"group", "replication_username", Kind::mysql},
      KindKey{"group", "replication_password_file", Kind::mysql},
      KindKey{"group", "semi_sync", Kind::mysql},
      KindKey{"group", "scheduled_events", Kind::mysql},
      KindKey{"group.health", "query", Kind::mysql},
      KindKey{"group.failover", "max_lag_bytes", Kind::redis},
      KindKey{"group.node", "accepts_filter", Kind::mysql},
  };
  return keys;
}

bool has_key(Kind kind, std::string_view table, std::string_view key) {
  return std::ranges::none_of(
      keys_of_one_kind(), [&](const KindKey& one) { return one.table == table && one.key == key && one.kind != kind; });
}

}  // namespace sengu::config
