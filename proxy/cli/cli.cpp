// See cli.hpp. CLI11 parses; verbs.cpp acts.
#include "proxy/cli/cli.hpp"

#include <cstdio>
#include <exception>
#include <list>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "config/base/nearest.hpp"
#include "proxy/cli/admin_client.hpp"
#include "proxy/cli/verbs.hpp"
#include "proxy/control/orders.hpp"

namespace sengu::proxy {
namespace {

/// What one verb's line says. One per verb, alive as long as the parser.
struct Line {
  AdminOptions options;
  std::string group;
  std::string node;
  std::string config;
  std::string ignored;
  bool json = false;
  bool follow = false;
  bool print = false;
  bool live = false;
  std::map<std::string, std::string> values;  // of an order, by option
  std::map<std::string, bool> flags;

  const AdminOptions& admin() {
    options.form = json ? OutputForm::json : OutputForm::text;
    return options;
  }
};

struct Verb {
  CLI::App* app;
  std::function<int()> act;
};

constexpr const char* admin_port = "Admin port";  // the heading of the options that reach it

std::string exit_code_lines() {
  std::string lines = "Exit codes:\n";
  for (const auto& [code, meaning] : exit_meanings)
    lines += fmt::format("  {:<4}{}\n", static_cast<int>(code), meaning);
  return lines;
}

/// "GROUP", "--to NODE", "-f, --follow"
std::string spelling(const CLI::Option& option) {
  if (option.get_positional()) return option.get_type_name();
  std::string names;
  for (const auto& name : option.get_snames()) names += (names.empty() ? "-" : ", -") + name;
  for (const auto& name : option.get_lnames()) names += (names.empty() ? "--" : ", --") + name;
  return option.get_items_expected_max() == 0 ? names : names + " " + option.get_type_name();
}

CliVerb described(const CLI::App& app) {
  CliVerb verb{app.get_name(), app.get_name(), {}};
  for (const auto* option : app.get_options()) {
    if (option == app.get_help_ptr()) continue;
    if (option->get_group() == admin_port) verb.admin_options.push_back(spelling(*option));
    else verb.usage += " " + (option->get_required() ? spelling(*option) : "[" + spelling(*option) + "]");
  }
  return verb;
}

class CommandLine {
 public:
  CommandLine() : app_("sengu: an L4 proxy that fronts groups of Redis and MySQL servers", "sengu") {
    app_.set_version_flag("--version", std::string("sengu ") + SENGU_VERSION);
    app_.require_subcommand(1);
    app_.footer(exit_code_lines() + "'sengu VERB --help' shows the options of a verb.");
    add_program_verbs();
    add_showing_verbs();
    add_acting_verbs();
    add_unsupported_verbs();
  }

  std::vector<CliVerb> verbs() const {
    std::vector<CliVerb> all;
    for (const auto& verb : verbs_) all.push_back(described(*verb.app));
    return all;
  }

  int run(int argc, char** argv) {
    if (argc > 1 && argv[1][0] != '-' && !known(argv[1])) {
      std::fputs(
          fmt::format("sengu: unknown verb '{}'{} (sengu --help lists them)\n", argv[1], did_you_mean(argv[1], names()))
              .c_str(),
          stderr);
      return exit_usage;
    }
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? exit_done : exit_usage;
    }
    for (const auto& verb : verbs_)
      if (verb.app->parsed()) return verb.act();
    return exit_usage;
  }

 private:
  Line& add(const std::string& name, const std::string& help, const std::string& example) {
    auto* verb = app_.add_subcommand(name, help);
    verb->footer("Example:\n  " + example);
    verbs_.push_back({verb, nullptr});
    return lines_.emplace_back();
  }
  CLI::App& verb() { return *verbs_.back().app; }
  void act(std::function<int()> action) { verbs_.back().act = std::move(action); }

  void add_admin_options(Line& line) {
    verb()
        .add_option("--admin", line.options.admin,
                    "Admin port; default: [admin] listen of --config, else 127.0.0.1:26379")
        ->type_name("HOST:PORT")
        ->group(admin_port);
    verb()
        .add_option("--config", line.options.config, "Configuration file, for the admin port and its password")
        ->type_name("FILE")
        ->group(admin_port);
    verb()
        .add_option("--admin-password-file", line.options.password_file,
                    "File with the admin password; default: $SENGU_ADMIN_PASSWORD_FILE, else that of --config")
        ->type_name("FILE")
        ->group(admin_port);
    verb().add_flag("--json", line.json, "Print JSON")->group(admin_port);
  }
  void add_group(Line& line, const std::string& word, const std::string& help) {
    verb().add_option("group", line.group, help)->type_name(word)->required();
  }

  void add_program_verbs() {
    auto& run_line = add("run", "Run the proxy in the foreground", "sengu run --config /etc/sengu/sengu.toml");
    verb().add_option("--config", run_line.config, "Configuration file")->type_name("FILE")->required();
    act([&] { return run_verb(run_line.config); });

    auto& check = add("check", "Check a configuration file, and with --live the servers",
                      "sengu check --config /etc/sengu/sengu.toml --live");
    verb().add_option("--config", check.config, "Configuration file")->type_name("FILE")->required();
    auto* print = verb().add_flag("--print", check.print, "Show the effective settings, secrets as ***");
    verb()
        .add_flag("--live", check.live,
                  "Ask every node once and show what a failover would meet; exit 1 when there is something to look at")
        ->excludes(print);
    act([&] {
      if (check.live) return check_live_verb(check.config);
      return check_verb(check.config, check.print ? CheckOutput::settings : CheckOutput::summary);
    });
  }

  void add_showing_verbs() {
    auto& status = add("status", "Show every group, or one; for one, exit 1 when it has no routed master",
                       "sengu status sessions");
    verb().add_option("group", status.group, "Only this group")->type_name("GROUP");
    add_admin_options(status);
    act([&] { return status_verb(status.admin(), status.group); });

    auto& events = add("events", "Show the last events", "sengu events -f");
    verb().add_flag("-f,--follow", events.follow, "Go on with each new event");
    add_admin_options(events);
    act([&] { return events_verb(events.admin(), events.follow ? Following::follow : Following::once); });
  }

  /// The verbs of proxy/control/orders.hpp.
  void add_acting_verbs() {
    for (const OrderVerb& order : order_verbs()) {
      auto& line = add(std::string(order.word), std::string(order.cli_help), std::string(order.example));
      const bool all = order.object == OrderVerb::Object::group_or_all;
      add_group(line, all ? "GROUP|all" : "GROUP", all ? "The group, or all of them" : "The group");
      if (order.object == OrderVerb::Object::node) {
        verb().add_option("node", line.node, "The node")->type_name("NODE")->required();
      }
      for (const OrderOption& option : order.options) add_order_option(line, option);
      add_admin_options(line);
      act([&] { return order_verb(line.admin(), order_words(order, line)); });
    }
  }

  void add_order_option(Line& line, const OrderOption& option) {
    const std::string word(option.word), help(option.help);
    if (option.value.empty()) verb().add_flag("--" + word, line.flags[word], help);
    else verb().add_option("--" + word, line.values[word], help)->type_name(std::string(option.value));
  }

  static std::vector<std::string> order_words(const OrderVerb& order, const Line& line) {
    std::vector<std::string> words{std::string(order.word), line.group};
    if (!line.node.empty()) words.push_back(line.node);
    for (const OrderOption& option : order.options) {
      const std::string word(option.word);
      if (option.value.empty()) {
        if (line.flags.at(word)) words.push_back(word);
      } else if (!line.values.at(word).empty()) {
        words.insert(words.end(), {word, line.values.at(word)});
      }
    }
    return words;
  }

  void add_unsupported_verbs() {
    const std::vector<std::pair<std::string, std::string>> later{
        {"switchover", "sengu switchover sessions --to redis02 --dry-run"},
        {"watch", "sengu watch"},
        {"hold", "sengu hold sessions --timeout 60s"},
        {"release", "sengu release sessions"},
        {"drain", "sengu drain sessions redis02"},
        {"undrain", "sengu undrain sessions redis02"},
        {"reload", "sengu reload"}};
    for (const auto& [name, example] : later) {
      add(name, "not supported yet", example);
      verb().allow_extras();
      act([verb_name = name] { return unsupported_verb(verb_name); });
    }
  }

  std::vector<std::string_view> names() const {
    std::vector<std::string_view> all;
    for (const auto& verb : verbs_) all.push_back(verb.app->get_name());
    return all;
  }
  bool known(const std::string& name) const {
    for (const auto& verb : verbs_)
      if (verb.app->get_name() == name) return true;
    return false;
  }

  CLI::App app_;
  std::list<Line> lines_;  // a list: the parser keeps references
  std::vector<Verb> verbs_;
};

}  // namespace

std::vector<CliVerb> cli_verbs() { return CommandLine().verbs(); }

int cli_main(int argc, char** argv) {
  try {
    return CommandLine().run(argc, argv);
  } catch (const CliFailure& failure) {
    std::fputs((failure.code == exit_configuration ? failure.text + "\n" : "sengu: " + failure.text + "\n").c_str(),
               stderr);
    return failure.code;
  } catch (const std::exception& error) {
    std::fputs(fmt::format("sengu: {}\n", error.what()).c_str(), stderr);
    return exit_refused;
  }
}

}  // namespace sengu::proxy
