#include "health/redis/clients.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "health/model/step.hpp"

namespace sengu::health::redis {

namespace {

using std::chrono::seconds;
using namespace std::chrono_literals;

// For connections of our own name. A step's connection does not live that long, unless its server hangs, and a server
// that hangs answers no CLIENT LIST. A connection that we left behind when a path broke sends nothing any more.
constexpr seconds older_than_a_step = 10s;
constexpr seconds not_left_behind = 10s;

struct Client {
  std::string_view name;
  std::string_view address;
  seconds age{};
  seconds idle{};
};

seconds read_seconds(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return seconds(number);
}

/// "id=3 addr=127.0.0.1:50188 ... name=sentinel-1f0c2a9b-cmd age=7 idle=0 ..."
Client read_client(std::string_view line) {
  Client client;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    const auto field = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    if (field.starts_with("name=")) client.name = field.substr(5);
    if (field.starts_with("addr=")) client.address = field.substr(5);
    if (field.starts_with("age=")) client.age = read_seconds(field.substr(4));
    if (field.starts_with("idle=")) client.idle = read_seconds(field.substr(5));
  }
  return client;
}

/// The name of the Sentinel or sengu behind a connection's name; none for any other client.
std::optional<std::string_view> decider_name(std::string_view name) {
  if (name.starts_with("sengu-")) return name;
  if (!name.starts_with("sentinel-")) return std::nullopt;
  for (const std::string_view link : {"-cmd", "-pubsub"}) {
    if (name.ends_with(link)) return name.substr(0, name.size() - link.size());
  }
  return std::nullopt;
}

bool contains(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::vector<Client> named_clients(std::string_view list) {
  std::vector<Client> clients;
  while (!list.empty()) {
    const auto end = std::min(list.find('\n'), list.size());
    const auto line = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (line.find(" name=se") == std::string_view::npos) continue;  // most have no name: thousands of lines
    const Client client = read_client(line);
    if (decider_name(client.name)) clients.push_back(client);
  }
  return clients;
}

}  // namespace

std::vector<std::string> find_deciders(std::string_view client_list, const OwnConnections& own) {
  const auto clients = named_clients(client_list);
  const bool sees_our_addresses =
      !own.addresses.empty() && std::any_of(clients.begin(), clients.end(), [&](const Client& client) {
        return client.name == own.name && client.address == own.addresses.front();
      });
  std::vector<std::string> found;
  for (const Client& client : clients) {
    if (client.idle > decider_gone_after) continue;
    if (client.name == own.name) {
      const bool stranger = sees_our_addresses && !contains(own.addresses, client.address) &&
                            client.age > older_than_a_step && client.idle < not_left_behind;
      if (!stranger) continue;
    }
    const auto host = client.address.substr(0, client.address.rfind(':'));
    std::string who = std::string(*decider_name(client.name)) + "@" + std::string(host);
    if (!contains(found, who)) found.push_back(std::move(who));
  }
  return found;
}

}  // namespace sengu::health::redis
