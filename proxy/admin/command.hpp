// What the admin port understands: one table of {word, privilege, arity, function, help}. The privilege stands in the
// row and is checked before the function runs, so that no verb can forget it (PgBouncer's CVE of 2026 was one that
// did). Knows no socket: the server hands in the words and gets the bytes of the reply.
#pragma once

#include <functional>
#include <span>

#include "proxy/admin/reply.hpp"
#include "proxy/admin/request.hpp"
#include "proxy/control/operations.hpp"

namespace sengu::proxy {

enum class Privilege : std::uint8_t {
  open,     // before AUTH too
  read,     // needs AUTH only where auth_required = "all"
  operate,  // needs AUTH where a password is configured
};

/// What one connection has agreed on. Owned by the connection.
struct AdminClient {
  std::uint64_t id = 0;
  std::string local_host;  // the address it connected to: announced where a group listens on a wildcard
  Protocol protocol = Protocol::resp2;
  bool authenticated = false;
  int failed_logins = 0;
  std::string name;
};

enum class AfterReply : std::uint8_t { keep, close, follow };
enum class EventForm : std::uint8_t { text, json };

struct AdminAnswer {
  std::string bytes;
  AfterReply after = AfterReply::keep;
  EventForm form = EventForm::text;  // with `follow`: how each event is written
};
using Answered = std::function<void(AdminAnswer)>;

struct AdminCall {
  Operations& operations;
  AdminClient& client;         // valid until `answered` was called, or the function returned: whichever is later
  const Arguments& arguments;  // valid until the function returns
  Answered answered;           // called once, now or later
};

struct AdminCommand {
  std::string_view word;  // in capitals; of a SENTINEL row the subcommand
  Privilege privilege;
  std::size_t least;  // arguments, the word included
  std::size_t most;
  void (*run)(AdminCall);
  std::string_view usage;
  std::string_view help;
};

std::span<const AdminCommand> admin_commands();
std::span<const AdminCommand> sentinel_commands();

/// Finds the row, checks privilege and arity, runs the function. A command that is not built answers "not supported
/// yet" to any arguments. `arguments` is not empty.
void execute(AdminCall call);

/// How large a request of this client may be now.
AdminLimits request_limits(const AdminClient& client, const config::Settings& settings);

/// One event as `EVENTS FOLLOW` streams it.
std::string event_reply(const RecordedEvent& event, EventForm form, Protocol protocol);

/// A connection that guessed wrong so often is closed.
inline constexpr int most_failed_logins = 10;

}  // namespace sengu::proxy
