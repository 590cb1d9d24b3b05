#include "health/core/judgement/deciders.hpp"

#include <algorithm>

#include "config/base/assert.hpp"

namespace sengu::health {

using namespace std::chrono_literals;

namespace {

constexpr auto asked_each = 1min;  // RULES §7.3
constexpr auto asked_again = 2s;   // while another decider is connected: people wait for it to go
constexpr auto asked_soon = 10s;   // while it cannot be promoted: people mend that

}  // namespace

void ask_deciders(Knowledge& knowledge, Outbox& out, NodeId id, Lane lane, Time now) {
  Deciders& deciders = knowledge.node(id).deciders;
  SENGU_ASSERT(!deciders.pending);
  deciders.pending = true;
  deciders.asked = now;
  out.send(AskDeciders{id, knowledge.settings->health.timeout, lane});
}

Time deciders_due(const NodeView& node) {
  const Deciders& deciders = node.deciders;
  if (!node.alive() || deciders.pending) return Time::max();
  if (!deciders.asked) return Time::min();
  if (!deciders.names.empty()) return *deciders.asked + asked_again;
  const bool refuses = deciders.abilities && !deciders.abilities->replicaof_refused.empty();
  return *deciders.asked + (refuses ? Duration(asked_soon) : Duration(asked_each));
}

void take_deciders(NodeView& node, const DecidersTold& told) {
  Deciders& deciders = node.deciders;
  SENGU_ASSERT(deciders.pending);
  deciders.pending = false;
  deciders.redis = told.settings;
  if (told.abilities) deciders.abilities = told.abilities;
  deciders.untold = told.names ? std::string() : told.text;
  if (told.names) {
    deciders.names = *told.names;
    deciders.names_as_of = *deciders.asked;
  } else if (*deciders.asked - deciders.names_as_of >= decider_gone_after) {
    deciders.names.clear();
  }
}

std::vector<std::string> other_deciders(const Knowledge& knowledge) {
  std::vector<std::string> all;
  for (const NodeView& node : knowledge.nodes) {
    if (node.alive()) all.insert(all.end(), node.deciders.names.begin(), node.deciders.names.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

bool has_other_deciders(const Knowledge& knowledge) {
  return std::any_of(knowledge.nodes.begin(), knowledge.nodes.end(),
                     [](const NodeView& node) { return node.alive() && !node.deciders.names.empty(); });
}

}  // namespace sengu::health
