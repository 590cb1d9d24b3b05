#include "health/core/judgement/first_sight.hpp"

#include <algorithm>

#include "config/base/assert.hpp"
#include "health/core/judgement/adoption.hpp"

namespace sengu::health {

namespace {

void take(NodeView& node, const FirstAnswer& answer) {
  node.outcome = answer.seen.outcome;
  node.text = answer.seen.text;
  node.info = answer.seen.info;
  node.info_asked = node.last_asked = answer.seen.asked;
  node.probe.ended = answer.seen.answered;
  while (node.outcome == Outcome::ok && !node.tracker.up()) node.tracker.good();
  if (!answer.told) return;
  node.deciders.names = answer.told->names.value_or(std::vector<std::string>{});
  if (!answer.told->names) node.deciders.untold = answer.told->text;
  node.deciders.redis = answer.told->settings;
  node.deciders.abilities = answer.told->abilities;
}

std::optional<NodeId> only_master(const Knowledge& known) {
  std::optional<NodeId> master;
  for (std::size_t i = 0; i < known.nodes.size(); ++i) {
    if (!known.nodes[i].says(Role::master)) continue;
    if (master) return std::nullopt;
    master = NodeId{static_cast<std::uint16_t>(i)};
  }
  return master;
}

/// The master that replicas name while it does not answer itself.
std::optional<NodeId> named_master(const Knowledge& known) {
  std::optional<NodeId> master;
  for (const NodeView& node : known.nodes) {
    if (!node.info) continue;
    const auto named = node.says(Role::replica) ? known.master_of(node) : std::nullopt;
    if (!named || (master && *master != *named)) return std::nullopt;
    master = named;
  }
  return master && !known.node(*master).info ? master : std::nullopt;
}

/// What is known of a silent master's writes is what its replicas received of them.
History history_of_replicas(const Knowledge& known) {
  const ServerInfo* best = nullptr;
  for (const NodeView& node : known.nodes) {
    if (node.info && (!best || node.info->offset > best->offset)) best = &*node.info;
  }
  SENGU_ASSERT(best);  // they named it
  History history = history_of(*best);
  for (const NodeView& node : known.nodes) {
    if (node.info && node.info->sql) history.gtids.add(node.info->sql->received);
  }
  return history;
}

}  // namespace

Knowledge at_first_sight(const config::GroupSettings& settings, const std::vector<FirstAnswer>& answers) {
  SENGU_ASSERT(answers.size() == settings.nodes.size());
  Knowledge known;
  known.settings = &settings;
  for (std::size_t i = 0; i < answers.size(); ++i)
    take(known.nodes.emplace_back(settings.nodes[i], settings.health), answers[i]);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i].events) continue;
    NodeEvents& events = known.schedule.of(node_id(i));
    events.told = answers[i].events->events;
    events.untold = answers[i].events->text;
  }
  const bool somebody_says_master =
      std::any_of(known.nodes.begin(), known.nodes.end(), [](const NodeView& node) { return node.says(Role::master); });
  known.master = somebody_says_master ? only_master(known) : named_master(known);
  if (!known.master) return known;
  const NodeView& master = known.node(*known.master);
  known.history = master.info ? history_of(*master.info) : history_of_replicas(known);
  for (NodeView& node : known.nodes) {
    if (node.info) known.history_offset = std::max(known.history_offset, node.info->offset);
    if (node.info && &node != &master) node.replica.errant = errant(known.history, *node.info);
  }
  return known;
}

std::optional<std::string> why_not_adopted(const Knowledge& known) {
  const Adoption adoption = find_adoptable(known);
  if (adoption.master || adoption.reason == Reason::group_unseen) return std::nullopt;
  return std::string(to_string(adoption.reason)) + ": " + std::string(describe(adoption.reason));
}

}  // namespace sengu::health
