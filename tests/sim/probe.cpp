#include "tests/sim/probe.hpp"

namespace sengu::sim {

using health::Outcome;

Probe::~Probe() {
  drop(kept_);
  drop(side_);
}

void Probe::probe() {
  if (!kept_) {
    if (!side_) kept_ = open();
  } else if (kept_->phase == Phase::idle) {
    ask(*kept_);
    watch(kept_);
  } else if (kept_->phase != Phase::connecting && !side_) {
    side_ = open();
  }
}

Probe::Shared Probe::open() {
  const auto link = std::make_shared<Link>();
  link->asked = timeline_.now();
  const std::weak_ptr<Link> weak = link;
  const auto with_link = [weak](auto act) {
    if (const auto alive = weak.lock()) act(alive);
  };
  Connection::Reader reader{
      [this, with_link] { with_link([this](const Shared& alive) { ask(*alive); }); },
      [this, with_link](const Reply& reply) { with_link([&](const Shared& alive) { on_reply(alive, reply); }); },
      [this, with_link](Gone gone) { with_link([&](const Shared& alive) { on_gone(alive, gone); }); }};
  link->connection = Connection::open(network_, actor_, server_, std::move(reader));
  watch(link);
  return link;
}

void Probe::ask(Link& link) {
  if (link.phase == Phase::idle) link.asked = timeline_.now();
  link.phase = Phase::asking;
  ++link.questions;
  link.connection->send({});
}

void Probe::watch(const Shared& link) {
  timeline_.at(link->asked + timeout_, [this, weak = std::weak_ptr(link), asked = link->asked] {
    const auto alive = weak.lock();
    if (!alive) return;
    actor_.run([this, weak, asked] {
      const auto late = weak.lock();
      const bool waits =
          late && late->asked == asked && (late->phase == Phase::connecting || late->phase == Phase::asking);
      if (waits) on_overdue(late);
    });
  });
}

void Probe::on_reply(const Shared& link, const Reply& reply) {
  link->phase = Phase::idle;
  link->in_use = true;
  if (link == side_) keep_side();
  report(*link, reply);
}

void Probe::on_gone(const Shared& link, Gone gone) {
  const bool was_kept = link == kept_;
  const bool lost = was_kept && (link->in_use || link->phase == Phase::overdue);
  const bool asked = link->phase == Phase::asking || link->phase == Phase::connecting;
  const Shared ended = std::exchange(was_kept ? kept_ : side_, nullptr);
  if (lost) listener_.connection_lost();
  if (asked) report(*ended, {gone == Gone::refused ? Outcome::l4_refused : Outcome::l7_closed});
}

void Probe::on_overdue(const Shared& link) {
  const Shared overdue = link;
  const bool connecting = link->phase == Phase::connecting;
  link->phase = Phase::overdue;
  if (connecting) {
    drop(link == kept_ ? kept_ : side_);
  } else if (link == side_) {
    // The older connection waits longer, and is heard at the same instant if the server was frozen.
    if (kept_) {
      drop(side_);
    } else {
      keep_side();
    }
  }
  report(*overdue, {connecting ? Outcome::l4_timeout : Outcome::l7_timeout});
}

void Probe::keep_side() {
  drop(kept_);
  kept_ = std::exchange(side_, nullptr);
}

void Probe::drop(Shared& link) {
  if (link) std::exchange(link, nullptr)->connection->reset();
}

void Probe::report(const Link& link, const Reply& reply) {
  health::Observation seen;
  seen.outcome = reply.outcome;
  seen.asked = link.asked;
  seen.answered = timeline_.now();
  seen.fresh_connection = link.questions <= 1;
  seen.info = reply.info;
  if (seen.info && seen.info->sql) watch_.take(*seen.info, timeline_.now());
  listener_.seen(seen, reply);
}

}  // namespace sengu::sim
