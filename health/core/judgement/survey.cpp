#include "health/core/judgement/survey.hpp"

#include <algorithm>

#include "health/core/kind_rules.hpp"

namespace sengu::health {

bool old_master_lives(const Knowledge& knowledge) {
  if (!knowledge.master) return false;
  const NodeView& node = knowledge.node(*knowledge.master);
  return node.alive() && node.info && node.info->run_id == knowledge.record.server_id;
}

bool must_stop_receiving(const Knowledge& knowledge, Reason cause) {
  if (!rules_of(knowledge.settings->kind).stops_receivers) return false;
  return cause != Reason::operator_request || !old_master_lives(knowledge);
}

bool still_receives(const NodeView& node) {
  return node.says(Role::replica) && node.info->sql && node.info->sql->receiving;
}

bool offsets_stand_still(const Knowledge& knowledge, Reason cause) {
  const bool restarted = cause == Reason::server_changed || cause == Reason::master_emptied ||
                         cause == Reason::master_lacks_writes || cause == Reason::stranger;
  const bool died_meanwhile = cause == Reason::operator_request && knowledge.master && !old_master_lives(knowledge);
  if (rules_of(knowledge.settings->kind).stops_receivers || (!restarted && !died_meanwhile)) return true;
  return std::none_of(knowledge.nodes.begin(), knowledge.nodes.end(), [&](const NodeView& node) {
    return node.outcome == Outcome::ok && knowledge.follows_directly(node, *knowledge.master) && node.info->link_up &&
           node.info->replid == knowledge.history.replid;
  });
}

bool a_replica_hears_it(const Knowledge& knowledge) {
  return std::any_of(knowledge.nodes.begin(), knowledge.nodes.end(), [&](const NodeView& node) {
    return node.outcome == Outcome::ok && knowledge.follows_directly(node, *knowledge.master) && node.info->link_up &&
           !node.info->sql;
  });
}

bool still_catching_up(const Knowledge& knowledge, NodeId candidate, Time since) {
  if (!old_master_lives(knowledge)) return false;
  const NodeView& old_master = knowledge.node(*knowledge.master);
  if (old_master.info_asked < since) return true;
  const auto held = received(knowledge.history, *knowledge.node(candidate).info);
  return !held || held->offset < old_master.info->offset;
}

bool is_behind_another(const Knowledge& knowledge, NodeId candidate, Choice choice) {
  choice.only.reset();
  const auto best = select_candidate(knowledge, choice).candidate;
  if (!best || best == candidate) return false;
  return has_received_less(knowledge.history, *knowledge.node(candidate).info, *knowledge.node(*best).info);
}

bool is_to_be_compared(const Knowledge& knowledge, Choice choice) {
  choice.only.reset();
  return !select_candidate(knowledge, choice).comparable;
}

}  // namespace sengu::health
