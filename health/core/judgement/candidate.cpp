#include "health/core/judgement/candidate.hpp"

#include <algorithm>

#include "health/core/judgement/copies.hpp"
#include "health/core/judgement/fitness.hpp"

namespace sengu::health {
namespace {

bool another_has_its_server_id(const Knowledge& knowledge, NodeId id) {
  const NodeView& node = knowledge.node(id);
  for (std::size_t i = 0; i < knowledge.nodes.size(); ++i) {
    const NodeView& other = knowledge.nodes[i];
    if (NodeId{static_cast<std::uint16_t>(i)} != id && other.info && other.info->run_id == node.info->run_id)
      return true;
  }
  return false;
}

/// The server at the master's address has not the group's data: replicas that sync from it lose theirs.
bool comes_with_other_data(Reason cause) { return cause == Reason::master_emptied || cause == Reason::stranger; }

/// A node that does not tell how old its data is may be promoted where there is no better: its master is gone for
/// good, or came back without its data.
bool must_take_untold(const Knowledge& knowledge, const Choice& choice) {
  if (choice.cause == Reason::none || !knowledge.master || master_lives_with_data(knowledge)) return false;
  if (comes_with_other_data(choice.cause)) return true;
  return choice.now - knowledge.node(*knowledge.master).silent_since >= knowledge.settings->health.down_after;
}

/// Judged by how long ago it heard its master, whether or not it syncs now. A copy that a sync from the emptied master
/// is about to replace is better than none.
bool deaf_long_before(const Knowledge& knowledge, const NodeView& node, const Choice& choice) {
  switch (hearing_of(knowledge, node, choice.cause == Reason::none ? node.info_asked : choice.lost_at)) {
    case Hearing::recent: return false;
    case Hearing::deaf: return !comes_with_other_data(choice.cause) || !node.info->sync_in_progress;
    case Hearing::untold: return !must_take_untold(knowledge, choice);
  }
  return false;
}

/// Where the master died, another copy may return as long as an emptied master would be waited for.
bool waits_for_a_fuller_copy(const Knowledge& knowledge, NodeId id, const Choice& choice) {
  if (!knowledge.node(id).copy.emptied) return false;
  const Time returns_by =
      choice.cause == Reason::none ? Time::max() : choice.lost_at + knowledge.settings->failover.amnesia_wait;
  return fuller_copy_may_come(knowledge, id, choice.now, returns_by);
}

/// A restarted master makes its replicas begin a full sync; until they load they hold their old data (RULES §6.3). The
/// restart need not have been seen: under silence it may hide behind a broken path. Whether the sync ended before the
/// promote is told by the new master's replid2. Under a living master it is about to get other data.
bool full_sync_is_harmless(const Knowledge& knowledge, Reason cause) {
  if (cause != Reason::operator_request) return cause != Reason::none;
  return knowledge.master && !knowledge.node(*knowledge.master).alive();
}

/// MySQL: why writes would not be applied on this node, or would not reach the other replicas after it was promoted. A
/// promotion that was given up leaves the applier stopped, with nothing left to apply.
Reason reject_by_replication(const NodeView& node) {
  if (!node.info->sql) return Reason::none;
  const ServerInfo& info = *node.info;
  const SqlInfo& sql = *info.sql;
  if (!sql.gtids || !sql.binlog || !sql.logs_updates) return Reason::no_binlog;
  if (info.master.host.empty()) return Reason::none;  // half promoted already, or a returned master
  if (!sql.apply_error.empty()) return Reason::applier_error;
  const bool given_up = node.replica.stopped_by_us && sql.executed.contains(sql.received);
  return sql.applying || given_up ? Reason::none : Reason::applier_stopped;
}

Reason reject_by_state(const NodeView& node) {
  if (!node.alive() || !node.info) return Reason::node_down;
  if (node.settings->priority == 0 || node.info->priority == 0) return Reason::priority_zero;
  if (*node.outcome == Outcome::busy) return Reason::busy;
  if (*node.outcome == Outcome::loading || node.info->loading) return Reason::loading;
  if (*node.outcome != Outcome::ok) return Reason::node_down;
  if (!node.tracker.up()) return Reason::node_unconfirmed;
  if (!why_it_cannot_be_promoted(node).empty()) return Reason::cannot_be_promoted;
  return reject_by_replication(node);
}

/// The journal's master says replica (RULES §4.3): it may be made a master again unless its data is gone. After a
/// restart its replication id is another; that is no reason against the node where no other node has the old id.
Reason reject_former_master(const Knowledge& knowledge, const ServerInfo& info) {
  return is_emptied(knowledge, info) ? Reason::master_emptied : Reason::none;
}

Reason reject_by_data(const Knowledge& knowledge, NodeId id, const Choice& choice) {
  const NodeView& node = knowledge.node(id);
  if (another_has_its_server_id(knowledge, id)) return Reason::duplicate_server;
  const bool operator_takes_it = choice.only == id && choice.loss == LossPolicy::accept_loss;
  if (knowledge.master == id) return reject_former_master(knowledge, *node.info);
  const auto held = received(knowledge.history, *node.info);
  if (!operator_takes_it && !held) return Reason::different_history;
  if (node.info->sync_in_progress && !full_sync_is_harmless(knowledge, choice.cause))
    return Reason::full_sync_in_progress;
  if (choice.loss == LossPolicy::accept_loss) return Reason::none;
  if (knowledge.master && !knowledge.follows(node, *knowledge.master) && !errant(knowledge.history, *node.info).empty())
    return Reason::errant;
  if (node.info->sql && !node.info->sql->filter.empty() && !node.settings->accepts_filter)
    return Reason::replication_filter;
  if (waits_for_a_fuller_copy(knowledge, id, choice)) return Reason::copy_emptied;
  if (deaf_long_before(knowledge, node, choice)) return Reason::deaf_long_before;
  const auto limit = static_cast<std::int64_t>(knowledge.settings->failover.max_lag_bytes);
  if (limit > 0 && held && knowledge.history_offset - held->offset > limit) return Reason::lag_limit;
  return Reason::none;
}

Reason reject(const Knowledge& knowledge, NodeId id, const Choice& choice) {
  const NodeView& node = knowledge.node(id);
  const bool lost_its_role = choice.cause == Reason::master_is_replica && node.says(Role::replica);
  if (knowledge.master == id && !lost_its_role) return Reason::is_master;
  if (choice.only && *choice.only != id) return Reason::outranked;
  if (const Reason reason = reject_by_state(node); reason != Reason::none) return reason;
  if (!node.says(Role::replica)) return Reason::rogue_master;
  return reject_by_data(knowledge, id, choice);
}

/// MySQL: where each of two replicas holds what the other lacks, neither is further.
bool replicas_diverged(const Knowledge& knowledge, const std::vector<Reason>& reasons, NodeId best) {
  const ServerInfo& chosen = *knowledge.node(best).info;
  if (!chosen.sql) return false;
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    if (reasons[i] == Reason::none && lacks_what(chosen, knowledge.history, *knowledge.nodes[i].info)) return true;
  }
  return false;
}

/// What tells who has received more.
enum class Measure : std::uint8_t {
  history,  // how much of the group's history each has received
  log,      // MariaDB: how far each has read the log of the server that all of them follow by file and position
  applied,  // MySQL, where the operator accepts the loss: what is received and not applied is given up
};

/// Those that may be chosen, and how they compare.
struct Field {
  std::vector<NodeId> nodes;
  Measure measure = Measure::history;
  bool comparable = true;  // as Selection::comparable
};

Field field_of(const Knowledge& knowledge, const std::vector<Reason>& reasons, LossPolicy loss) {
  Field field;
  for (std::size_t i = 0; i < reasons.size(); ++i)
    if (reasons[i] == Reason::none) field.nodes.push_back(node_id(i));
  const auto all = [&](auto fits) { return std::all_of(field.nodes.begin(), field.nodes.end(), fits); };
  const auto info = [&](NodeId id) -> const ServerInfo& { return *knowledge.node(id).info; };
  if (loss == LossPolicy::accept_loss && knowledge.settings->kind == config::Kind::mysql) {
    field.measure = Measure::applied;
  } else if (field.nodes.size() > 1 &&
             all([&](NodeId id) { return follow_one_log(info(field.nodes.front()), info(id)); })) {
    field.measure = Measure::log;
  } else if (field.nodes.size() > 1) {
    field.comparable = all([&](NodeId id) {
      const auto& sql = info(id).sql;
      return !sql || !sql->by_position || sql->by_position->all_applied();
    });
  }
  return field;
}

/// Compared from the first member on; greater is better.
struct Rank {
  bool whole;             // it did not lose its data
  std::uint64_t left;     // of one that did: how many keys are left
  bool clean;             // MySQL: no transactions of its own
  LogPosition read;       // MariaDB, where that is the measure: of the one log that all follow
  std::int64_t received;  // of the group's history
  bool serves;            // nothing is known that would keep it from serving clients
  bool prompt;            // MySQL: it applies what it receives at once
  bool ends_there;        // Redis: nothing of another history behind what it received
  std::int64_t applied;   // MySQL; where that is the measure, what it has received
  bool was_master;        // it is the master that lost its role
  int preference;         // the configured priority, of which lower is preferred
  bool same_zone;         // as the old master
  bool direct;            // no other replica between it and the old master
  int place;              // in the configuration
  auto operator<=>(const Rank&) const = default;
};

Rank rank(const Knowledge& knowledge, NodeId id, Measure measure) {
  const NodeView& node = knowledge.node(id);
  const Received held = received(knowledge.history, *node.info).value_or(Received{});
  Rank rank{};
  rank.whole = !node.copy.emptied;
  rank.left = rank.whole ? 0 : node.info->keys;
  rank.clean = !node.info->sql || !held.diverged;
  if (measure == Measure::log) rank.read = node.info->sql->by_position->received;
  rank.received = measure == Measure::applied ? applied(knowledge.history, *node.info) : held.offset;
  rank.serves = why_it_could_not_serve(knowledge, node).empty();
  rank.prompt = !is_delayed(*node.info);
  rank.ends_there = !held.diverged;
  rank.applied = node.info->sql ? node.info->sql->executed.position() : 0;
  if (measure == Measure::applied) rank.applied = held.offset;  // of equals the one that has more to apply
  rank.was_master = knowledge.master == id;
  rank.preference = -node.settings->priority;
  rank.same_zone = knowledge.master && node.settings->zone == knowledge.node(*knowledge.master).settings->zone;
  rank.direct = knowledge.master && knowledge.follows_directly(node, *knowledge.master);
  rank.place = -static_cast<int>(index(id));
  return rank;
}

/// It may be chosen, and another is better.
Reason why_passed_over(const Knowledge& knowledge, NodeId id) {
  const NodeView& node = knowledge.node(id);
  if (!why_it_could_not_serve(knowledge, node).empty()) return Reason::could_not_serve;
  return is_delayed(*node.info) ? Reason::delayed : Reason::outranked;
}

}  // namespace

Selection select_candidate(const Knowledge& knowledge, const Choice& choice) {
  Selection selection;
  std::vector<Reason> reasons;
  for (std::size_t i = 0; i < knowledge.nodes.size(); ++i) reasons.push_back(reject(knowledge, node_id(i), choice));
  const Field field = field_of(knowledge, reasons, choice.loss);
  const auto better = [&](NodeId one, NodeId other) {
    return rank(knowledge, one, field.measure) > rank(knowledge, other, field.measure);
  };
  for (const NodeId id : field.nodes)
    if (!selection.candidate || better(id, *selection.candidate)) selection.candidate = id;
  selection.comparable = field.comparable;
  const bool keep = choice.loss == LossPolicy::keep_writes;
  if (keep && selection.candidate && replicas_diverged(knowledge, reasons, *selection.candidate)) {
    std::replace(reasons.begin(), reasons.end(), Reason::none, Reason::replicas_diverged);
    selection.candidate.reset();
  }
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    const NodeId id = node_id(i);
    if (selection.candidate == id) continue;
    selection.rejected.push_back({id, reasons[i] == Reason::none ? why_passed_over(knowledge, id) : reasons[i]});
  }
  return selection;
}

}  // namespace sengu::health
