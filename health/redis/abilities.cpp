#include "health/redis/abilities.hpp"

#include <string_view>

#include "config/base/printable.hpp"
#include "health/redis/info.hpp"

namespace sengu::health::redis {

namespace {

/// Why the command may not be used; empty where it may be, or where the server did not look (LOADING, BUSY): an error
/// about the words says that the command was found and allowed.
std::string refusal(const Reply& reply) {
  if (!reply.is_error()) return {};
  const bool unknown = reply.text.starts_with("ERR unknown command");
  if (!unknown && classify_error(reply.text) != Outcome::noperm) return {};
  return printable_line(std::string_view(reply.text).substr(0, reply.text.find(", with args")));
}

}  // namespace

std::vector<CommandLine> abilities_questions() {
  return {{"REPLICAOF", "sengu-asks", "not-a-port"}, {"CLIENT", "KILL", "TYPE", "sengu-asks"}, {"INFO", "memory"}};
}

RedisAbilities read_abilities(std::span<const Reply> replies) {
  RedisAbilities abilities;
  if (!replies.empty()) abilities.replicaof_refused = refusal(replies[0]);
  if (replies.size() > 1) abilities.kill_refused = refusal(replies[1]);
  if (replies.size() > 2 && replies[2].type == Reply::Type::string) abilities.memory = parse_memory(replies[2].text);
  return abilities;
}

}  // namespace sengu::health::redis
