// The invariants of ARCHITECTURE.md as the modelled world sees them: at each step, promote and route.
#include <algorithm>

#include "tests/support/model_world.hpp"

namespace sengu::test {

using namespace sengu::health;

namespace {

int number(NodeId id) { return static_cast<int>(index(id)); }
std::size_t at(int node) { return static_cast<std::size_t>(node); }

}  // namespace

void World::violation(const std::string& what) {
  violations.push_back(what);
  say("VIOLATION: " + what);
}

void World::check_step(const RunStep& step) {
  const bool acts = step.step != Step::rehandshake && step.step != Step::unfence && step.step != Step::start_receiving;
  const GroupStatus now_status = group_->status(now_);
  const bool unasked = !operator_acts && (now_status.paused || settings_->failover.mode == config::Mode::observe);
  if (acts && (unasked || now_status.tilt)) violation("a step in pause, observe mode or tilt");
  const bool others = std::any_of(nodes.begin(), nodes.end(), [](const ModelNode& node) {
    return node.running && node.reachable && !node.frozen && !node.deciders.empty();
  });
  if (is_sql()) check_by_hand_is_kept(step);
  if (acts && step.step != Step::fence && step.step != Step::stop_receiving && others && !operator_acts)
    violation("a step beside another decider");
}

void World::check_promote(int target) {
  if (applied_.live != 0 || applied_.state == RouteState::open) violation("promoted before the cut was acknowledged");
  if (!durable_ || durable_->target != name(target)) violation("promoted before the journal names the target");
  if (loss_accepted) return;
  if (is_sql()) return check_promote_sql(target);
  const ModelNode& chosen = nodes[at(target)];
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const ModelNode& other = nodes[i];
    const bool eligible = other.running && !other.frozen && other.reachable && other.role == Role::replica &&
                          other.priority > 0 && other.replid == chosen.replid && !other.syncing;
    const auto view = group_->status(now_).nodes[i];
    if (eligible && view.health == Health::up && other.offset > chosen.offset) {
      violation("a better candidate was passed over");
    }
  }
}

void World::check_route(const Route& route) {
  if (route.epoch < applied_.epoch) violation("a route's epoch went back");
  if (route.state != RouteState::open) return;
  const bool is_the_journals = durable_ && durable_->master == name(number(*route.master));
  const bool written_down = durable_ && durable_->phase == Phase::steady && durable_->epoch == route.epoch;
  // On a full disk the old master goes on after a failover that could not be written down.
  if (!is_the_journals || (journal_works && !written_down)) violation("routed to a master that is not the journal's");
  if (route.live != route.epoch) violation("an open route without its own sessions");
  check_data(number(*route.master), route.reason);
}

/// Nobody is routed to a master that has lost what a replica still holds, unless there was nothing to be done.
void World::check_data(int routed, Reason reason) {
  if (is_sql() || reason == Reason::amnesia_wait_over || reason == Reason::operator_request) return;
  if (reason != Reason::process_death && reason != Reason::master_emptied && reason != Reason::resumed &&
      reason != Reason::server_changed && reason != Reason::silence && reason != Reason::adopted) {
    return;  // not the opening after a change
  }
  const ModelNode& master = nodes[at(routed)];
  for (const ModelNode& node : nodes) {
    const bool eligible = node.running && !node.frozen && node.reachable && node.role == Role::replica &&
                          node.priority > 0 && node.answers == Outcome::ok;
    if (eligible && master.running && master.keys * 2 < node.keys) violation("routed to a master that lost its data");
  }
}

}  // namespace sengu::test
