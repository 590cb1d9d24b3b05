// What is looked at in each group, whatever its servers are. Their own is in redis.cpp and mysql.cpp.
#include "health/core/doctor/doctor.hpp"

#include "health/core/doctor/findings.hpp"
#include "health/core/judgement/deciders.hpp"
#include "health/core/judgement/fitness.hpp"
#include "health/model/version.hpp"

namespace sengu::health {

namespace {

void examine_deciders(const Knowledge& known, Findings& findings) {
  std::string names;
  for (const std::string& name : other_deciders(known)) names += (names.empty() ? "" : ",") + name;
  if (!names.empty())
    findings.add("watched by another decider (" + names + "): no promotion, no demotion until it is gone");
  for (const NodeView& node : known.nodes) {
    if (!node.deciders.untold.empty()) findings.add(node, "cannot tell who else decides: " + node.deciders.untold);
  }
}

void examine_answers(const Knowledge& known, Findings& findings) {
  for (const NodeView& node : known.nodes) {
    if (node.alive() && node.outcome != Outcome::ok) {
      findings.add(node, "answers " + std::string(to_string(*node.outcome)) + " " + node.text);
    }
  }
}

void examine_identities(const Knowledge& known, Findings& findings) {
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const NodeView& one = known.nodes[i];
      const NodeView& other = known.nodes[j];
      if (one.info && other.info && one.info->run_id == other.info->run_id) {
        findings.add(one.settings->name + " and " + other.settings->name + " are one server");
      }
    }
  }
}

/// Also during an upgrade, of which it is the last reminder: what the newest writes as a master, the older ones cannot
/// read.
void examine_versions(const Knowledge& known, Findings& findings) {
  const NodeView* newest = nullptr;
  for (const NodeView& node : known.nodes) {
    if (!is_seen(node) || node.info->version.empty()) continue;
    const bool newer = !newest || version_of(newest->info->version).series() < version_of(node.info->version).series();
    if (newer) newest = &node;
  }
  if (!newest) return;
  const Version wanted = version_of(newest->info->version).series();
  const std::string what = newest->info->sql ? "the binary log" : "the RDB file";
  for (const NodeView& node : known.nodes) {
    if (!is_seen(node) || node.info->version.empty() || version_of(node.info->version).series() >= wanted) continue;
    findings.add(node, "runs " + node.info->version + ", and may not be able to read " + what + " of " +
                           newest->settings->name + ", which runs " + newest->info->version +
                           ", where that one is the master: update the older one");
  }
}

/// What the server says of its own priority, and what the configuration says of the node's.
bool may_be_promoted(const NodeView& node) {
  return node.settings->priority != 0 && !(node.info && node.info->priority == 0);
}

void examine_priorities(const Knowledge& known, Findings& findings) {
  std::size_t others = 0;
  for (const NodeView& node : known.nodes) {
    if (is_the_master(known, node)) continue;
    ++others;
    if (may_be_promoted(node)) return;
  }
  if (!known.master || others == 0) return;
  const bool redis = known.settings->kind == config::Kind::redis;
  findings.add(
      "no replica may be promoted, each has priority 0: give one a priority of 1 or more in the configuration" +
      std::string(redis ? ", and CONFIG SET replica-priority 100 on it" : ""));
}

/// What a failover would find only once it is under way.
void examine_fitness(const Knowledge& known, Findings& findings) {
  for (const NodeView& node : known.nodes) {
    if (!is_seen(node)) continue;
    const bool is_master = is_the_master(known, node);
    if (const auto why = why_it_cannot_be_promoted(node); !why.empty()) {
      findings.add(node,
                   (is_master ? "is not made a master again once it is a replica: " : "is never promoted: ") + why);
    }
    if (const auto why = why_it_could_not_serve(known, node); !why.empty()) {
      findings.add(node,
                   (is_master ? "cannot serve as it is: "
                              : "is promoted only where it holds more than any other, and could not serve then: ") +
                       why);
    }
  }
}

}  // namespace

std::vector<std::string> examine(const Knowledge& known) {
  Findings findings;
  examine_deciders(known, findings);
  examine_answers(known, findings);
  examine_identities(known, findings);
  examine_versions(known, findings);
  examine_priorities(known, findings);
  examine_fitness(known, findings);
  if (known.settings->kind == config::Kind::redis) examine_redis(known, findings);
  if (known.settings->kind == config::Kind::mysql) examine_mysql(known, findings);
  return findings.take();
}

}  // namespace sengu::health
