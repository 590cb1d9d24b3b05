// The admin words that are about the connection itself: log-in, protocol, name, end.
#include <fmt/format.h>

#include "config/base/printable.hpp"
#include "proxy/admin/words.hpp"

namespace sengu::proxy::admin {
namespace {

// The version that client libraries read in a Sentinel's replies: that of the Sentinel whose replies ours copy.
constexpr std::string_view redis_version = "7.0.15";

/// Takes the same time wherever the first difference is.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i])) ^
                  static_cast<unsigned>(static_cast<unsigned char>(secret.empty() ? 0 : secret[i % secret.size()]));
  return difference == 0 && !secret.empty();
}

enum class Login { ok, wrong, no_password_configured };

Login log_in(AdminCall& call, std::string_view user, std::string_view password) {
  const auto& secret = call.operations.settings().admin.password;
  if (secret.empty()) return Login::no_password_configured;
  const bool same = same_secret(password, secret.value);
  if (same && user == "default") {
    call.client.authenticated = true;
    call.client.failed_logins = 0;
    return Login::ok;
  }
  ++call.client.failed_logins;
  return Login::wrong;
}

void answer_failed_login(const AdminCall& call) {
  AdminReply reply(call.client.protocol);
  reply.error("WRONGPASS invalid username-password pair or user is disabled.");
  const auto after = call.client.failed_logins >= most_failed_logins ? AfterReply::close : AfterReply::keep;
  call.answered({reply.take(), after, EventForm::text});
}

void answer_hello(const AdminCall& call) {
  AdminReply reply(call.client.protocol);
  reply.map(6).bulk("server").bulk("redis").bulk("version").bulk(redis_version);
  reply.bulk("proto").integer(static_cast<int>(call.client.protocol));
  reply.bulk("id").integer(static_cast<std::int64_t>(call.client.id));
  reply.bulk("mode").bulk("sentinel").bulk("modules").array(0);
  answer(call, reply);
}

}  // namespace

void auth(AdminCall call) {
  const auto& words = call.arguments;
  const std::string_view user = words.size() == 3 ? std::string_view(words[1]) : "default";
  switch (log_in(call, user, words.back())) {
    case Login::ok: {
      AdminReply reply(call.client.protocol);
      return answer(call, reply.simple("OK"));
    }
    case Login::wrong: return answer_failed_login(call);
    case Login::no_password_configured:
      return answer_error(call,
                          "ERR AUTH <password> called without any password configured for the default user. "
                          "Are you sure your configuration is correct?");
  }
}

void hello(AdminCall call) {
  const auto& words = call.arguments;
  auto protocol = call.client.protocol;
  if (words.size() > 1) {
    if (words[1] != "2" && words[1] != "3") return answer_error(call, "NOPROTO unsupported protocol version");
    protocol = words[1] == "3" ? Protocol::resp3 : Protocol::resp2;
  }
  std::string name = call.client.name;
  for (std::size_t at = 2; at < words.size();) {
    if (same_word(words[at], "AUTH") && at + 2 < words.size()) {
      // As Redis: without a password every password is right.
      if (log_in(call, words[at + 1], words[at + 2]) == Login::wrong) return answer_failed_login(call);
      at += 3;
    } else if (same_word(words[at], "SETNAME") && at + 1 < words.size()) {
      name = words[at + 1];
      at += 2;
    } else {
      return answer_error(call,
                          fmt::format("ERR Syntax error in HELLO option '{}'", printable(words[at].substr(0, 64))));
    }
  }
  const auto& settings = call.operations.settings().admin;
  if (!settings.password.empty() && settings.auth_required == config::AuthRequired::all && !call.client.authenticated)
    return answer_error(call,
                        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
                        "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the "
                        "RESP protocol version at the same time");
  call.client.protocol = protocol;
  call.client.name = std::move(name);
  answer_hello(call);
}

void ping(AdminCall call) {
  AdminReply reply(call.client.protocol);
  if (call.arguments.size() == 2) reply.bulk(call.arguments[1]);
  else reply.simple("PONG");
  answer(call, reply);
}

void quit(AdminCall call) {
  AdminReply reply(call.client.protocol);
  reply.simple("OK");
  call.answered({reply.take(), AfterReply::close, EventForm::text});
}

void client(AdminCall call) {
  const auto& words = call.arguments;
  AdminReply reply(call.client.protocol);
  if (same_word(words[1], "SETNAME") && words.size() == 3) {
    call.client.name = words[2];
    reply.simple("OK");
  } else if (same_word(words[1], "SETINFO") && words.size() == 4) {
    reply.simple("OK");
  } else if (same_word(words[1], "ID") && words.size() == 2) {
    reply.integer(static_cast<std::int64_t>(call.client.id));
  } else if (same_word(words[1], "GETNAME") && words.size() == 2) {
    reply.bulk(call.client.name);
  } else {
    reply.error(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try CLIENT SETNAME.",
                            printable(words[1].substr(0, 64))));
  }
  answer(call, reply);
}

void command(AdminCall call) {
  AdminReply reply(call.client.protocol);
  answer(call, reply.array(0));
}

}  // namespace sengu::proxy::admin
