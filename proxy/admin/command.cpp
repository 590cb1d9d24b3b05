#include "proxy/admin/command.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "config/base/nearest.hpp"
#include "config/base/printable.hpp"
#include "proxy/admin/words.hpp"
#include "proxy/control/orders.hpp"
#include "proxy/events/documents.hpp"

namespace sengu::proxy {
namespace {

void not_supported(AdminCall call) { admin::answer_error(call, "ERR not supported yet"); }
void help(AdminCall call);
void sentinel(AdminCall call);
void sentinel_help(AdminCall call);

constexpr std::size_t any = trusted_limits.arguments;
using enum Privilege;

constexpr std::array fixed_commands{
    AdminCommand{"STATUS", read, 1, 3, admin::status, "STATUS [GROUP] [JSON]",
                 "roles, health, lag, and what would happen if a master died now"},
    AdminCommand{"EVENTS", read, 1, 8, admin::events, "EVENTS [COUNT n] [AFTER id] [JSON] [FOLLOW]",
                 "the last events; FOLLOW streams new ones"},
    AdminCommand{"SWITCHOVER", operate, 2, 5, not_supported, "SWITCHOVER GROUP [TO NODE] [DRY-RUN]",
                 "not supported yet"},
    AdminCommand{"HOLD", operate, 2, 4, not_supported, "HOLD GROUP [TIMEOUT d]", "not supported yet"},
    AdminCommand{"RELEASE", operate, 2, 2, not_supported, "RELEASE GROUP", "not supported yet"},
    AdminCommand{"DRAIN", operate, 3, 3, not_supported, "DRAIN GROUP NODE", "not supported yet"},
    AdminCommand{"UNDRAIN", operate, 3, 3, not_supported, "UNDRAIN GROUP NODE", "not supported yet"},
    AdminCommand{"RELOAD", operate, 1, 1, not_supported, "RELOAD", "not supported yet"},
    AdminCommand{"AUTH", open, 2, 3, admin::auth, "AUTH [default] PASSWORD", "log in"},
    AdminCommand{"HELLO", open, 1, 7, admin::hello, "HELLO [2|3] [AUTH USER PASSWORD] [SETNAME NAME]",
                 "choose the protocol"},
    AdminCommand{"QUIT", open, 1, any, admin::quit, "QUIT", "close the connection"},
    AdminCommand{"PING", read, 1, 2, admin::ping, "PING [TEXT]", "PONG"},
    AdminCommand{"HELP", read, 1, 1, help, "HELP", "this list"},
    AdminCommand{"INFO", read, 1, any, admin::info, "INFO", "as a Redis Sentinel"},
    AdminCommand{"ROLE", read, 1, 1, admin::role, "ROLE", "as a Redis Sentinel"},
    AdminCommand{"CLIENT", read, 2, any, admin::client, "CLIENT SETNAME|GETNAME|SETINFO|ID ...",
                 "for client libraries"},
    AdminCommand{"COMMAND", read, 1, any, admin::command, "COMMAND", "for client libraries: an empty array"},
    AdminCommand{"SENTINEL", read, 2, any, sentinel, "SENTINEL SUBCOMMAND ...",
                 "as a Redis Sentinel; SENTINEL HELP lists the subcommands"},
    AdminCommand{"SUBSCRIBE", read, 2, any, not_supported, "SUBSCRIBE CHANNEL ...", "not supported yet"},
    AdminCommand{"PSUBSCRIBE", read, 2, any, not_supported, "PSUBSCRIBE PATTERN ...", "not supported yet"},
    AdminCommand{"UNSUBSCRIBE", read, 1, any, not_supported, "UNSUBSCRIBE [CHANNEL ...]", "not supported yet"},
    AdminCommand{"PUNSUBSCRIBE", read, 1, any, not_supported, "PUNSUBSCRIBE [PATTERN ...]", "not supported yet"},
};

constexpr std::array sentinel_rows{
    AdminCommand{"GET-MASTER-ADDR-BY-NAME", read, 3, 3, admin::sentinel_master_address, "GET-MASTER-ADDR-BY-NAME GROUP",
                 "address of the master"},
    AdminCommand{"MASTERS", read, 2, 2, admin::sentinel_masters, "MASTERS", "every group"},
    AdminCommand{"MASTER", read, 3, 3, admin::sentinel_master, "MASTER GROUP", "one group"},
    AdminCommand{"REPLICAS", read, 3, 3, admin::sentinel_replicas, "REPLICAS GROUP", "the replicas of a group"},
    AdminCommand{"SLAVES", read, 3, 3, admin::sentinel_replicas, "SLAVES GROUP", "the replicas of a group"},
    AdminCommand{"HELP", read, 2, 2, sentinel_help, "HELP", "this list"},
    AdminCommand{"SENTINELS", read, 3, 3, not_supported, "SENTINELS GROUP", "not supported yet"},
    AdminCommand{"CKQUORUM", read, 3, 3, not_supported, "CKQUORUM GROUP", "not supported yet"},
    AdminCommand{"MYID", read, 2, 2, not_supported, "MYID", "not supported yet"},
    AdminCommand{"IS-MASTER-DOWN-BY-ADDR", read, 2, any, not_supported, "IS-MASTER-DOWN-BY-ADDR ...",
                 "not supported yet"},
    AdminCommand{"INFO-CACHE", read, 2, any, not_supported, "INFO-CACHE ...", "not supported yet"},
    AdminCommand{"PENDING-SCRIPTS", read, 2, 2, not_supported, "PENDING-SCRIPTS", "not supported yet"},
    AdminCommand{"FAILOVER", operate, 3, 4, not_supported, "FAILOVER GROUP", "not supported yet"},
    AdminCommand{"RESET", operate, 3, 3, not_supported, "RESET PATTERN", "not supported yet"},
    AdminCommand{"SET", operate, 2, any, not_supported, "SET GROUP OPTION VALUE ...", "not supported yet"},
    AdminCommand{"MONITOR", operate, 2, any, not_supported, "MONITOR NAME IP PORT QUORUM", "not supported yet"},
    AdminCommand{"REMOVE", operate, 3, 3, not_supported, "REMOVE GROUP", "not supported yet"},
    AdminCommand{"FLUSHCONFIG", operate, 2, 2, not_supported, "FLUSHCONFIG", "not supported yet"},
    AdminCommand{"CONFIG", operate, 2, any, not_supported, "CONFIG ...", "not supported yet"},
    AdminCommand{"DEBUG", operate, 2, any, not_supported, "DEBUG ...", "not supported yet"},
    AdminCommand{"SIMULATE-FAILURE", operate, 2, any, not_supported, "SIMULATE-FAILURE ...", "not supported yet"},
};

/// The rows above, with those of the operator's orders behind STATUS and EVENTS.
struct Table {
  std::vector<AdminCommand> rows{fixed_commands.begin(), fixed_commands.begin() + 2};
  std::deque<std::string> texts;  // that rows refer to

  Table() {
    for (const auto& verb : order_verbs()) {
      const auto& word = texts.emplace_back(admin::upper(verb.word));
      const auto& usage = texts.emplace_back(order_usage(verb));
      rows.push_back({word, operate, least_order_words(verb), most_order_words(verb), admin::order, usage, verb.help});
    }
    rows.insert(rows.end(), fixed_commands.begin() + 2, fixed_commands.end());
  }
};

std::span<const AdminCommand> commands() {
  static const Table table;
  return table.rows;
}

bool permitted(const AdminCommand& row, const AdminClient& client, const config::AdminSettings& settings) {
  if (settings.password.empty() || client.authenticated) return true;
  switch (row.privilege) {
    case Privilege::open: return true;
    case Privilege::read: return settings.auth_required == config::AuthRequired::operate;
    case Privilege::operate: return false;
  }
  return false;
}

const AdminCommand* find_row(std::span<const AdminCommand> rows, std::string_view word) {
  const auto found = std::ranges::find_if(rows, [&](const auto& row) { return admin::same_word(row.word, word); });
  return found == rows.end() ? nullptr : &*found;
}

std::vector<std::string_view> words_of(std::span<const AdminCommand> rows) {
  std::vector<std::string_view> words;
  for (const auto& row : rows) words.emplace_back(row.word);
  return words;
}

void help_of(const AdminCall& call, std::span<const AdminCommand> rows) {
  AdminReply reply(call.client.protocol);
  reply.array(rows.size());
  for (const auto& row : rows) reply.bulk(fmt::format("{:<48} {}", row.usage, row.help));
  admin::answer(call, reply);
}
void help(AdminCall call) { help_of(call, commands()); }
void sentinel_help(AdminCall call) { help_of(call, sentinel_rows); }

/// Checks the privilege, then whether the command is built, then the arity, then runs the function. `name` is the
/// command's name in an error. (A usage error of a verb that is not built would send the operator looking for the right
/// arguments.)
void run_row(const AdminCommand& row, AdminCall call, std::string_view name) {
  if (!permitted(row, call.client, call.operations.settings().admin))
    return admin::answer_error(call, "NOAUTH Authentication required.");
  if (row.run == not_supported) return not_supported(std::move(call));
  if (call.arguments.size() < row.least || call.arguments.size() > row.most)
    return admin::answer_error(
        call, fmt::format("ERR wrong number of arguments for '{}' command; usage: {}", name, row.usage));
  row.run(std::move(call));
}

std::string lower(std::string_view word) {
  std::string text(word);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

void sentinel(AdminCall call) {
  const auto& word = call.arguments[1];
  if (const auto* row = find_row(sentinel_rows, word))
    return run_row(*row, std::move(call), fmt::format("sentinel|{}", lower(row->word)));
  admin::answer_error(call,
                      fmt::format("ERR unknown subcommand '{}'. Try SENTINEL HELP.", printable(word.substr(0, 128))));
}

}  // namespace

std::span<const AdminCommand> admin_commands() { return commands(); }
std::span<const AdminCommand> sentinel_commands() { return sentinel_rows; }

void execute(AdminCall call) {
  const auto& word = call.arguments.front();
  // A web page that makes a browser post to this port must not get a second line in (as Redis does it).
  if (admin::same_word(word, "POST") || admin::same_word(word, "Host:"))
    return call.answered({"", AfterReply::close, EventForm::text});
  const auto* row = find_row(commands(), word);
  if (row != nullptr) return run_row(*row, std::move(call), lower(row->word));
  const auto& settings = call.operations.settings().admin;
  const AdminCommand unknown{"", Privilege::read, 0, 0, not_supported, "", ""};
  if (!permitted(unknown, call.client, settings)) return admin::answer_error(call, "NOAUTH Authentication required.");
  const auto shown = printable(std::string_view(word).substr(0, 128));
  admin::answer_error(call, fmt::format("ERR unknown command '{}'{}", shown, did_you_mean(word, words_of(commands()))));
}

AdminLimits request_limits(const AdminClient& client, const config::Settings& settings) {
  return settings.admin.password.empty() || client.authenticated ? trusted_limits : before_auth_limits;
}

std::string event_reply(const RecordedEvent& event, EventForm form, Protocol protocol) {
  AdminReply reply(protocol);
  reply.bulk(form == EventForm::json ? boost::json::serialize(event_document(event)) : event_line(event));
  return reply.take();
}

namespace admin {

void answer(const AdminCall& call, AdminReply& reply) {
  call.answered({reply.take(), AfterReply::keep, EventForm::text});
}

void answer_error(const AdminCall& call, std::string_view text) {
  AdminReply reply(call.client.protocol);
  answer(call, reply.error(text));
}

}  // namespace admin
}  // namespace sengu::proxy
