#include "health/core/judgement/evidence.hpp"

#include <algorithm>

#include "config/base/assert.hpp"
#include "health/core/judgement/candidate.hpp"

namespace sengu::health {
namespace {

using namespace std::chrono_literals;

constexpr auto refusals_apart = 10ms;  // RULES §2.2
constexpr auto ask_before = 200ms;     // witnesses are asked from down_after - 200 ms on (RULES §2.4)
// A witness must stay down for this long before it counts: a healthy master takes a re-handshaken replica back in
// 0.5-7.7 ms on loopback, and a slow network needs a few round trips more.
constexpr auto settle = 100ms;
constexpr auto next_witness_after = 50ms;

enum class Testimony : std::uint8_t { pending, unreachable, link_up, link_down, hears };

struct Court {
  const Knowledge& knowledge;
  const NodeView& master;
  const Suspicion& suspicion;
  Time now;
  Milliseconds down_after;
};

Testimony testimony(const Court& court, NodeId id, Time asked_since) {
  const NodeView& node = court.knowledge.node(id);
  const Witness& witness = court.suspicion.witnesses[index(id)];
  if (node.last_asked < asked_since) return node.alive() ? Testimony::pending : Testimony::unreachable;
  if (!node.alive()) return Testimony::unreachable;
  if (!node.info || node.info_asked < node.last_asked)
    return Testimony::unreachable;  // alive, but cannot say (BUSY, ...)
  if (node.info->sql && !node.info->sql->receiving)
    return Testimony::unreachable;  // its receiver is stopped, perhaps by a step of ours: it cannot hear the master
  if (node.info->link_up) {
    const bool fresh = witness.hears && *witness.hears + court.down_after >= court.now;
    return fresh ? Testimony::hears : Testimony::link_up;
  }
  if (witness.asked_actively && node.told.step) return Testimony::pending;
  // Where the answer of the re-handshake was lost, the link that went down proves it as well, a little later.
  const auto asked =
      witness.asked_actively ? std::optional(witness.rehandshaken.value_or(node.told.done)) : std::nullopt;
  if (asked && node.info_asked < *asked + settle) return Testimony::pending;
  return Testimony::link_down;
}

struct Count {
  int pending = 0, unreachable = 0, link_up = 0, link_down = 0, hears = 0;
  int reachable() const { return pending + link_up + link_down + hears; }
};

Count hear_all(const Court& court, Time asked_since) {
  Count count;
  for (std::size_t i = 0; i < court.knowledge.nodes.size(); ++i) {
    const NodeId id{static_cast<std::uint16_t>(i)};
    if (!is_witness(court.knowledge, id)) continue;
    switch (testimony(court, id, asked_since)) {
      case Testimony::pending: ++count.pending; break;
      case Testimony::unreachable: ++count.unreachable; break;
      case Testimony::link_up: ++count.link_up; break;
      case Testimony::link_down: ++count.link_down; break;
      case Testimony::hears: ++count.hears; break;
    }
  }
  return count;
}

bool is_process_death(const Court& court) {
  if (!refused_twice(court.master)) return false;
  const Count count = hear_all(court, court.master.refused.first);
  const bool refused_throughout = court.now - court.master.refused.first >= court.down_after;
  if (count.reachable() == 0) return refused_throughout;
  if (count.link_down != count.reachable()) return false;
  return court.knowledge.settings->failover.on_process_death == config::OnProcessDeath::now || refused_throughout;
}

/// MySQL: where the heartbeats of a replica are known, its link counts as up only while they come, and no rehandshake
/// is needed. An IO thread that is restarted under a frozen master cannot be stopped before replica_net_timeout
/// (measured: 2 s of 2), which would delay the failover.
bool tells_by_itself(const Court& court, const NodeView& node) {
  return node.info && node.info->sql && node.info->sql->heartbeat_period &&
         2 * *node.info->sql->heartbeat_period < court.down_after;
}

/// Witnesses are re-handshaken one after another; the likely candidate comes last, since its link matters most.
std::optional<NodeId> next_to_ask(const Court& court) {
  const auto candidate = select_candidate(court.knowledge, {}).candidate;
  std::optional<NodeId> chosen;
  for (std::size_t i = 0; i < court.knowledge.nodes.size(); ++i) {
    const NodeId id{static_cast<std::uint16_t>(i)};
    const Witness& witness = court.suspicion.witnesses[i];
    if (witness.asked_actively && *witness.asked_actively + next_witness_after > court.now) return std::nullopt;
    if (!is_witness(court.knowledge, id) || court.knowledge.nodes[i].told.step) continue;
    if (tells_by_itself(court, court.knowledge.nodes[i])) continue;
    const bool asked_lately = witness.asked_actively && *witness.asked_actively + court.down_after > court.now;
    if (asked_lately || testimony(court, id, court.suspicion.began) != Testimony::link_up) continue;
    if (!chosen || *chosen == candidate) chosen = id;
  }
  return chosen;
}

Time next_look(const Court& court) {
  Time look = court.master.silent_since + court.down_after - ask_before;
  if (look <= court.now) look = court.master.silent_since + court.down_after;
  if (look <= court.now) look = court.now + 20ms;
  return look;
}

Verdict undecided(const Court& court, const Count& count) {
  Verdict verdict{Finding::undecided, Reason::witnesses_undecided, std::nullopt, next_look(court)};
  const auto& nodes = court.knowledge.nodes;
  const bool all_silent = std::none_of(nodes.begin(), nodes.end(), [](const NodeView& node) { return node.alive(); });
  if (all_silent && court.master.refused.count == 0) {
    verdict.reason = Reason::all_nodes_silent;
  } else if (count.reachable() == 0) {
    verdict.reason = Reason::no_witness;
  }
  return verdict;
}

/// This run of sengu never had a reply of the master, and cannot have seen a replica lose it: what counts is how long
/// ago the replica says it lost it, within the bound that holds for candidates. (Found by the simulator: sengu
/// restarted while the master was frozen, and waited for a witness for ever.)
bool heard_before_our_time(const Knowledge& knowledge, const NodeView& node, Time start) {
  if (node.replica.heard_master) return true;
  if (!node.info->link_down_for) return false;
  return node.info_asked - *node.info->link_down_for + deaf_factor * knowledge.settings->health.down_after >= start;
}

}  // namespace

bool refused_twice(const NodeView& master) {
  return master.refused.count >= 2 && master.refused.last - master.refused.first >= refusals_apart;
}

bool is_witness(const Knowledge& knowledge, NodeId id) {
  if (knowledge.master == id) return false;
  const NodeView& node = knowledge.node(id);
  if (!knowledge.follows_directly(node, *knowledge.master)) return false;
  if (knowledge.resumed) return true;  // an earlier run had the evidence; only a denial is looked for now
  const NodeView& master = knowledge.node(*knowledge.master);
  if (!master.last_reply) return heard_before_our_time(knowledge, node, master.silent_since);
  // Not silent_since: a stall of ours starts that timer anew, and would make every replica deaf for ever.
  return node.replica.heard_master &&
         *node.replica.heard_master >= *master.last_reply - knowledge.settings->health.down_after;
}

Verdict assess(const Knowledge& knowledge, Time now) {
  SENGU_ASSERT(knowledge.master && knowledge.suspicion);
  const Court court{knowledge, knowledge.node(*knowledge.master), *knowledge.suspicion, now,
                    knowledge.settings->health.down_after};
  if (is_process_death(court)) return {Finding::dead, Reason::process_death, std::nullopt, now};
  const Time silent_for_long = court.master.silent_since + court.down_after;
  if (now < silent_for_long - ask_before) {
    return {Finding::undecided, knowledge.suspicion->cause, std::nullopt, next_look(court)};
  }
  const Count count = hear_all(court, knowledge.suspicion->began);
  if (count.hears > 0) {
    return {Finding::unreachable, Reason::witness_hears_master, std::nullopt, next_look(court)};
  }
  if (now >= silent_for_long && count.link_down > 0 && count.link_down == count.reachable()) {
    return {Finding::dead, Reason::silence, std::nullopt, now};
  }
  Verdict verdict = undecided(court, count);
  verdict.ask = next_to_ask(court);
  return verdict;
}

}  // namespace sengu::health
