#include "proxy/cli/verbs.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "config/load.hpp"
#include "config/print.hpp"
#include "health/net/tls.hpp"
#include "proxy/app/app.hpp"
#include "proxy/app/exit_code.hpp"
#include "proxy/cli/admin_client.hpp"
#include "proxy/cli/live_check.hpp"
#include "proxy/view/documents.hpp"
#include "proxy/view/status_text.hpp"

namespace sengu::proxy {
namespace {

constexpr std::chrono::seconds show_patience{10};
constexpr std::chrono::seconds operation_patience{180};  // a failover fences, catches up, promotes

void print_out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

config::Settings load_settings(const std::string& path) {
  auto loaded = config::load(path);
  if (loaded.settings && loaded.problems.empty()) return std::move(*loaded.settings);
  std::string text;
  for (const auto& problem : loaded.problems) text += (text.empty() ? "" : "\n") + config::to_string(problem);
  throw CliFailure{exit_configuration, text.empty() ? path + ": cannot be loaded" : text};
}

/// The first line of the file.
Secret read_password(const std::string& path) {
  std::ifstream file(path);
  Secret secret;
  if (!file || !std::getline(file, secret.value) || secret.empty())
    throw CliFailure{exit_unreachable, path + ": no password could be read from this file"};
  if (secret.value.back() == '\r') secret.value.pop_back();
  return secret;
}

struct Target {
  AdminAddress address{"127.0.0.1", 26379};
  Secret password;
};

Target find_target(const AdminOptions& options) {
  Target target;
  if (!options.config.empty()) {
    const auto settings = load_settings(options.config);
    target = {{settings.admin.listen.host, settings.admin.listen.port}, settings.admin.password};
    if (target.address.host == "0.0.0.0") target.address.host = "127.0.0.1";
    if (target.address.host == "::") target.address.host = "::1";
  }
  if (!options.admin.empty()) {
    const auto address = parse_admin_address(options.admin);
    if (address.has_error()) throw CliFailure{exit_usage, fmt::format("--admin {}: not HOST:PORT", options.admin)};
    target.address = *address;
  }
  const char* from_environment = std::getenv("SENGU_ADMIN_PASSWORD_FILE");
  if (!options.password_file.empty()) target.password = read_password(options.password_file);
  else if (from_environment != nullptr && *from_environment != '\0') target.password = read_password(from_environment);
  return target;
}

CliReply ask(AdminConnection& connection, const Arguments& words) {
  auto reply = connection.ask(words);
  if (reply.kind == CliReply::Kind::error) {
    std::string text = reply.text.starts_with("ERR ") ? reply.text.substr(4) : reply.text;
    throw CliFailure{exit_refused, std::move(text)};
  }
  return reply;
}

/// Connects with the options, and logs in where there is a password.
struct LoggedIn {
  LoggedIn(const AdminOptions& options, std::chrono::seconds patience) : LoggedIn(find_target(options), patience) {}
  LoggedIn(const Target& target, std::chrono::seconds patience) : connection(target.address, patience) {
    if (!target.password.empty()) connection.log_in(target.password);
  }
  AdminConnection connection;
};

Colour terminal_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const bool wanted = (no_colour == nullptr || *no_colour == '\0') && ::isatty(STDOUT_FILENO) != 0;
  return wanted ? Colour::on : Colour::off;
}

int operate(const AdminOptions& options, const Arguments& words) {
  LoggedIn to(options, operation_patience);
  const auto reply = ask(to.connection, words);
  const bool json = options.form == OutputForm::json;
  print_out((json ? boost::json::serialize(operation_document(reply.text)) : reply.text) + "\n");
  return exit_done;
}

/// Fails with what OpenSSL says of the TLS files: `run` would end with the same error.
void check_tls_files(const std::string& path, const config::Settings& settings) {
  std::string text;
  for (const auto& group : settings.groups) {
    try {
      net::load_tls(group.tls);
    } catch (const net::TlsFileError& error) {
      text += fmt::format("{}{}: group {}: {}", text.empty() ? "" : "\n", path, group.name, error.what());
    }
  }
  if (!text.empty()) throw CliFailure{exit_configuration, text};
}

}  // namespace

int status_verb(const AdminOptions& options, const std::string& group) {
  LoggedIn to(options, show_patience);
  Arguments words{"STATUS"};
  if (!group.empty()) words.push_back(group);
  words.emplace_back("JSON");
  const auto reply = ask(to.connection, words);
  boost::system::error_code error;
  const auto document = boost::json::parse(reply.text, error);
  if (error || !document.is_object())
    throw CliFailure{exit_unreachable, "the admin port did not answer with a JSON document"};
  print_out(options.form == OutputForm::json ? reply.text + "\n"
                                             : status_text(document.get_object(), terminal_colour()));
  return group.empty() || all_routed(document.get_object()) ? exit_done : exit_refused;
}

int events_verb(const AdminOptions& options, Following following) {
  LoggedIn to(options, show_patience);
  Arguments words{"EVENTS"};
  if (options.form == OutputForm::json) words.emplace_back("JSON");
  if (following == Following::once) {
    const auto reply = ask(to.connection, words);
    if (reply.kind == CliReply::Kind::text) print_out(reply.text + "\n");
    for (const auto& line : reply.items) print_out(line + "\n");
    return exit_done;
  }
  words.insert(words.end(), {"COUNT", "10", "FOLLOW"});
  to.connection.set_patience(std::chrono::seconds(0));
  to.connection.send(words);
  while (true) {
    const auto reply = to.connection.receive();
    if (reply.kind == CliReply::Kind::error)
      throw CliFailure{reply.text.starts_with("NOAUTH") ? exit_unreachable : exit_refused, reply.text};
    print_out(reply.text + "\n");
  }
}

int order_verb(const AdminOptions& options, const std::vector<std::string>& words) { return operate(options, words); }

int check_verb(const std::string& path, CheckOutput output) {
  const auto settings = load_settings(path);
  check_tls_files(path, settings);
  if (output == CheckOutput::settings) {
    print_out(config::print(settings));
    return exit_done;
  }
  std::size_t nodes = 0;
  for (const auto& group : settings.groups) nodes += group.nodes.size();
  print_out(fmt::format("{}: ok, {} group{}, {} node{}\n", path, settings.groups.size(),
                        settings.groups.size() == 1 ? "" : "s", nodes, nodes == 1 ? "" : "s"));
  return exit_done;
}

int check_live_verb(const std::string& path) {
  const auto settings = load_settings(path);
  check_tls_files(path, settings);
  const auto check = check_live(settings, terminal_colour());
  print_out(check.text);
  return check.clean ? exit_done : exit_refused;
}

int run_verb(const std::string& path) { return run(load_settings(path)); }

int unsupported_verb(const std::string& what) { throw CliFailure{exit_refused, what + ": not supported yet"}; }

}  // namespace sengu::proxy
