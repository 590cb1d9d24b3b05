// What each verb of the command line does, once the line is parsed. Output to stdout; a CliFailure ends a verb.
// Knows nothing of how the line was written.
#pragma once

#include <string>
#include <vector>

namespace sengu::proxy {

enum class OutputForm { text, json };
enum class Following { once, follow };
enum class CheckOutput { summary, settings };

/// How the admin port is reached: the options that every operator verb has.
struct AdminOptions {
  std::string admin;  // --admin, else [admin] listen of `config`, else 127.0.0.1:26379
  std::string config;
  std::string password_file;  // else SENGU_ADMIN_PASSWORD_FILE, else that of `config`
  OutputForm form = OutputForm::text;
};

int status_verb(const AdminOptions& options, const std::string& group);
int events_verb(const AdminOptions& options, Following following);
/// An order to a group: `words` as the admin port takes them, the verb first.
int order_verb(const AdminOptions& options, const std::vector<std::string>& words);
int check_verb(const std::string& config, CheckOutput output);
int check_live_verb(const std::string& config);
int run_verb(const std::string& config);
int unsupported_verb(const std::string& what);

}  // namespace sengu::proxy
