// Names of outcomes, roles and route states, as metrics and JSON show them.
#include "health/model/observation.hpp"

#include "health/model/journal_record.hpp"
#include "health/model/messages.hpp"
#include "health/model/route.hpp"
#include "health/model/status.hpp"

namespace sengu::health {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok: return "ok";
    case Outcome::loading: return "loading";
    case Outcome::busy: return "busy";
    case Outcome::masterdown: return "masterdown";
    case Outcome::noauth: return "noauth";
    case Outcome::noperm: return "noperm";
    case Outcome::error: return "error";
    case Outcome::invalid: return "invalid";
    case Outcome::l4_refused: return "l4_refused";
    case Outcome::l4_timeout: return "l4_timeout";
    case Outcome::l4_error: return "l4_error";
    case Outcome::l7_closed: return "l7_closed";
    case Outcome::l7_timeout: return "l7_timeout";
    case Outcome::shortage: return "shortage";
  }
  return "?";
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::unknown: return "unknown";
    case Role::master: return "master";
    case Role::replica: return "replica";
  }
  return "?";
}

std::string_view to_string(RouteState state) {
  switch (state) {
    case RouteState::open: return "open";
    case RouteState::held: return "held";
    case RouteState::closed: return "closed";
  }
  return "?";
}

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::steady: return "steady";
    case Phase::switching: return "switching";
    case Phase::promoting: return "promoting";
  }
  return "?";
}

std::string_view to_string(Step step) {
  switch (step) {
    case Step::fence: return "fence";
    case Step::unfence: return "unfence";
    case Step::promote: return "promote";
    case Step::repoint: return "repoint";
    case Step::demote: return "demote";
    case Step::demote_emptied: return "demote_emptied";
    case Step::rehandshake: return "rehandshake";
    case Step::stop_receiving: return "stop_receiving";
    case Step::start_receiving: return "start_receiving";
    case Step::apply_received: return "apply_received";
    case Step::lift_delay: return "lift_delay";
    case Step::semi_sync_on: return "semi_sync_on";
    case Step::semi_sync_off: return "semi_sync_off";
    case Step::follow_events: return "follow_events";
  }
  return "?";
}

std::string_view to_string(StepResult result) {
  switch (result) {
    case StepResult::done: return "done";
    case StepResult::failed: return "failed";
    case StepResult::unreachable: return "unreachable";
  }
  return "?";
}

std::string_view to_string(Health health) {
  switch (health) {
    case Health::unknown: return "unknown";
    case Health::up: return "up";
    case Health::unconfirmed: return "unconfirmed";
    case Health::loading: return "loading";
    case Health::busy: return "busy";
    case Health::unusable: return "unusable";
    case Health::suspect: return "suspect";
    case Health::down: return "down";
  }
  return "?";
}

}  // namespace sengu::health
