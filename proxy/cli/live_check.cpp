// See live_check.hpp.
#include "proxy/cli/live_check.hpp"

#include <algorithm>
#include <list>
#include <set>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "health/core/doctor/doctor.hpp"
#include "health/core/judgement/candidate.hpp"
#include "health/driver/inspection.hpp"
#include "proxy/view/documents.hpp"

namespace sengu::proxy {
namespace {

using health::Inspection;
using health::Knowledge;
using health::NodeView;

std::string or_dash(std::string_view text) { return text.empty() ? "-" : std::string(text); }

std::string node_table(const Knowledge& known, Colour colour) {
  std::vector<Row> rows{{{"NODE", Paint::bold},
                         {"ADDRESS", Paint::bold},
                         {"ROLE", Paint::bold},
                         {"VERSION", Paint::bold},
                         {"ANSWER", Paint::bold}}};
  for (const NodeView& node : known.nodes) {
    const bool good = node.outcome == health::Outcome::ok;
    const std::string answer = std::string(to_string(*node.outcome)) + (node.text.empty() ? "" : ": " + node.text);
    rows.push_back({{node.settings->name},
                    {to_string(node.settings->address)},
                    {node.info ? std::string(to_string(node.info->role)) : "-"},
                    {or_dash(node.info ? node.info->version : "")},
                    {answer, good ? Paint::good : Paint::bad}});
  }
  return text_table(rows, colour);
}

std::string deciders_line(const Inspection& inspection) {
  const bool mysql = inspection.settings().kind == config::Kind::mysql;
  std::set<std::string> others;
  bool told = false;
  for (const auto& answer : inspection.answers()) {
    if (!answer.told || !answer.told->names) continue;
    told = true;
    others.insert(answer.told->names->begin(), answer.told->names->end());
  }
  std::string names;
  const auto add = [&](const std::string& name) { names += (names.empty() ? "" : ", ") + name; };
  for (const auto& name : inspection.own_sengu())
    add(name + (mysql ? " (holds the lock)" : " (runs with this configuration)"));
  for (const auto& name : others) add(name);
  return "  deciders: " + (!told ? "not known" : names.empty() ? "none" : names) + "\n";
}

/// Which node would become master if the group's master died now, or where the group has no master.
std::string failover_line(const Knowledge& known, const health::Selection& selection, Colour colour) {
  const auto name = [&](health::NodeId id) { return known.node(id).settings->name; };
  std::string line = known.master ? fmt::format("  if {} died now: ", name(*known.master)) : "  there is no master: ";
  line += selection.candidate ? paint(name(*selection.candidate) + " would become master", Paint::good, colour)
                              : paint("no node could become master", Paint::bad, colour);
  std::string others;
  for (const auto& rejection : selection.rejected) {
    if (rejection.reason == health::Reason::is_master) continue;
    others += others.empty() ? "; not " : ", not ";
    others += fmt::format("{} ({}: {})", name(rejection.node), to_string(rejection.reason), describe(rejection.reason));
  }
  return line + others + "\n";
}

/// Adds one group's part.
void add_group(LiveCheck& check, const Inspection& inspection, Colour colour) {
  const config::GroupSettings& group = inspection.settings();
  const Knowledge known = health::at_first_sight(group, inspection.answers());
  const auto selection = health::select_candidate(known, {});
  auto findings = health::examine(known);
  if (const auto reason = health::why_not_adopted(known))
    findings.insert(findings.begin(), "not to be taken as it is: " + *reason);
  const bool all_answer = std::all_of(known.nodes.begin(), known.nodes.end(),
                                      [](const NodeView& node) { return node.outcome == health::Outcome::ok; });
  check.clean = check.clean && all_answer && findings.empty() && selection.candidate;
  check.text +=
      fmt::format("{}{}  {}  mode {}  master {}\n", check.text.empty() ? "" : "\n",
                  paint(group.name, Paint::bold, colour), to_string(group.kind), to_string(group.failover.mode),
                  known.master ? known.node(*known.master).settings->name : "-");
  check.text += node_table(known, colour) + deciders_line(inspection) + failover_line(known, selection, colour);
  for (const auto& finding : findings) check.text += "  " + paint("! " + finding, Paint::warn, colour) + '\n';
}

}  // namespace

LiveCheck check_live(const config::Settings& settings, Colour colour) {
  boost::asio::io_context io{1};
  std::list<Inspection> inspections;
  std::size_t left = settings.groups.size();
  for (const auto& group : settings.groups) {
    inspections.emplace_back(io, group, settings.proxy.name, [&] {
      if (--left == 0) io.stop();
    });
  }
  if (left > 0) io.run();
  LiveCheck check;
  for (const auto& inspection : inspections) add_group(check, inspection, colour);
  return check;
}

}  // namespace sengu::proxy
