#include "tests/sim/judge.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "health/core/knowledge/knowledge.hpp"
#include "tests/sim/mysql_server.hpp"

namespace sengu::sim {

using namespace std::chrono_literals;
using namespace sengu::health;

namespace {

constexpr auto settled = 900ms;  // after a fault, before anything is expected of what it touched

constexpr auto seen_before_a_promote =
    1s;  // the longest a promote may come after its survey (a frozen node, a slow disk)
constexpr std::uint64_t since_seen =
    100;                              // writes that the master may have taken since sengu last saw its number of keys
constexpr auto asked_again = 3s;      // at the latest, who else decides (health/core/judgement/deciders.cpp)
constexpr auto void_after = 1s;       // a stall (RULES §2.3)
constexpr auto catch_up = 1s;         // of the bound of invariant 8
constexpr auto asked_for_again = 4s;  // the longest pause after a promote that was refused, and what follows it

}  // namespace

void Judge::violation(const std::string& what) {
  violations_.push_back(what);
  ports_.say("VIOLATION: " + what);
}

bool Judge::is_calm(int host) const {
  if (host == proxy_host && ports_.timeline.now() - sengu_->calm_since() < settled) return false;
  return ports_.timeline.now() - touched_[at(host)] >= settled;
}

bool Judge::reachable(const Server& server) const {
  return ports_.network.open_both_ways(proxy_host, host_of(server.index()));
}

/// One that sengu must have been able to choose: untouched for a while, and up in sengu's own eyes.
bool Judge::is_fit(const Server& server) const {
  if (!server.usable() || server.is_master() || !reachable(server) || !is_calm(host_of(server.index())) ||
      !is_calm(proxy_host))
    return false;
  const auto status = sengu_->status();
  if (!status || status->nodes[at(server.index())].health != Health::up) return false;
  return std::none_of(status->rejected.begin(), status->rejected.end(), [&](const Rejection& rejection) {
    return static_cast<int>(index(rejection.node)) == server.index() && rejection.reason != Reason::outranked &&
           rejection.reason != Reason::delayed && rejection.reason != Reason::is_master &&
           rejection.reason != Reason::full_sync_in_progress;
  });
}

/// It follows `to`, directly or through others, and one of these links was made by hand.
bool Judge::was_led_by_hand(const Server& server, const Server& to) const {
  bool by_hand = false;
  const Server* one = &server;
  for (std::size_t hops = 0; hops < ports_.servers.size() && one->follows() >= 0; ++hops) {
    by_hand |= by_hand_[at(one->index())];
    one = ports_.servers[at(one->follows())].get();
    if (one == &to) return by_hand;
  }
  return false;
}

std::vector<bool> Judge::set_of(const Server& server) const {
  std::vector<bool> set(excused_.size());
  for (const WriteId write : server.data())
    if (write < set.size()) set[write] = true;
  for (const WriteId write : server.unapplied())
    if (write < set.size()) set[write] = true;
  return set;
}

Judge::Holders Judge::holders(const std::function<bool(const Server&)>& which) const {
  Holders found;
  for (const auto& server : ports_.servers)
    if (which(*server)) found.emplace_back(server.get(), set_of(*server));
  return found;
}

bool Judge::is_in_any(const Holders& holders, WriteId write) {
  return std::any_of(holders.begin(), holders.end(), [&](const auto& holder) { return holder.second[write]; });
}

int Judge::by_name(const std::string& name) const {
  for (const auto& server : ports_.servers)
    if (server->name() == name) return server->index();
  return -1;
}

std::size_t Judge::holds(const Server& server) const {
  const auto set = set_of(server);
  return static_cast<std::size_t>(
      std::count_if(acked_.begin(), acked_.end(), [&](WriteId write) { return !excused_[write] && set[write]; }));
}

void Judge::on_start(const std::optional<JournalRecord>& found) {
  durable_ = found;
  intent_ = durable_.value_or(JournalRecord{});
}

// --- relayed bytes ---

void Judge::on_relay(Epoch epoch, int server, const Reply& reply) {
  if (epoch < promoted_) violation(fmt::format("a byte of epoch {} after the promote of epoch {}", epoch, promoted_));
  // Between the switching record and the cut the old master's sessions still pass bytes.
  const bool journalled = durable_ && durable_->master == ports_.servers[at(server)]->name();
  if (!journalled) violation("a byte of a master that is not the journal's");
  check_after_a_stall(server);
  if (reply.write == 0) return;
  if (excused_.size() <= reply.write) {
    excused_.resize(reply.write + 1000);
    ackers_.resize(excused_.size());
  }
  ackers_[reply.write] = reply.ackers;
  acked_.push_back(reply.write);
}

/// The process was frozen for so long that its word was void, and meanwhile somebody made another server the master, or
/// this one a replica: sengu must see that first.
void Judge::check_after_a_stall(int server) {
  const Time froze = sengu_->froze();
  const Time woke = sengu_->woke();
  if (woke - froze <= void_after || operator_acted_ || ports_.timeline.now() < woke) return;
  if (is_mysql() && sengu_->started() > woke)
    return;  // GTIDs do not tell a switch by hand from an old master that returns
  const auto meanwhile = [&](const Server& one) {
    const Change& change = changed_by_hand_[at(one.index())];
    const bool decided_since = change.epoch != highest_ || change.promotions != promotions_;
    const bool restarted = change.life != one.life();  // nobody can tell any more why it says master
    // It was a rogue before the stall, too, and sengu may have been about to demote it.
    if (change.before != Time{} && change.before + settled > froze) return false;
    return change.at > froze && change.at < woke && !decided_since && !restarted && is_calm(host_of(one.index())) &&
           one.usable() && reachable(one);
  };
  const Server& from = *ports_.servers[at(server)];
  if (meanwhile(from) && !from.is_master()) violation("after a stall, a byte of a server that is no master any more");
  for (const auto& other : ports_.servers) {
    if (other->index() == server || !meanwhile(*other) || !other->is_master() || other->keys() * 2 < from.keys())
      continue;
    // Nobody had an answer of it; and a run of sengu that did not see it as a replica cannot tell.
    if ((is_mysql() || sengu_->started() > woke) && !other->wrote_its_own()) continue;
    return violation("after a stall, a byte of " + from.name() + " although " + other->name() +
                     " was made the master meanwhile");
  }
}

// --- journal and routes ---

void Judge::on_intent(const JournalRecord& record) {
  const bool adopts = record.phase == Phase::steady && record.epoch > intent_.epoch && record.epoch != promoted_;
  const bool changes =
      adopts || (record.phase == Phase::steady && record.master != intent_.master && record.epoch != promoted_);
  const bool confirms = record.phase == Phase::steady && record.epoch == promoted_ && intent_.phase != Phase::steady;
  intent_ = record;
  if (confirms) {
    if (is_mysql()) check_semi_sync(*ports_.servers[at(by_name(record.master))], "promotion");
    check_kept(*ports_.servers[at(by_name(record.master))], "promotion");
  }
  if (record.phase == Phase::switching) switching_since_ = ports_.timeline.now();
  if (is_mysql() && record.phase == Phase::promoting) check_nobody_receives(record.target);
  if (record.phase == Phase::switching) check_old_master_is_gone("a failover began");
  if (!changes) return;
  const int master = by_name(record.master);
  const bool all_seen = std::all_of(ports_.servers.begin(), ports_.servers.end(), [&](const auto& server) {
    return !is_calm(host_of(server->index())) || (server->running() && !server->frozen() && reachable(*server));
  });
  if (!durable_ && !operator_acted_ && !all_seen) violation("adopted with part of the group unseen");
  check_kept(*ports_.servers[at(master)], "adoption");
  regressed_[at(master)].reset();
}

void Judge::on_journal(const JournalRecord& record) {
  if (record.epoch < highest_) violation("the epoch went back in the journal");
  highest_ = record.epoch;
  durable_ = record;
}

void Judge::on_publish(const Route& route) {
  route_ = route;
  if (route.state != RouteState::open) return;
  const auto& master = ports_.servers[index(*route.master)];
  if (regressed_[index(*route.master)]) check_kept(*master, "adoption");
  regressed_[index(*route.master)].reset();
  if (is_seen_stranger(*master)) violation("routed to a stranger");
  const bool is_the_journals = durable_ && durable_->master == master->name();
  const bool written_down = durable_ && durable_->phase == Phase::steady && durable_->epoch == route.epoch;
  const bool cannot_write = !sengu_->status()->journal_ok;
  if (!is_the_journals || (!written_down && !cannot_write)) violation("routed to a master that is not the journal's");
}

// --- steps ---

void Judge::on_step(const RunStep& step) {
  if (is_mysql()) check_replication_step(step);
  const bool undoes = step.step == Step::unfence || step.step == Step::start_receiving;
  if (step.step == Step::rehandshake || undoes) return;
  const auto status = sengu_->status();
  const bool unasked = !operator_acted_ && (status->paused || ports_.settings.failover.mode == config::Mode::observe);
  if (unasked || status->tilt) violation("a step in pause, observe mode or tilt");
  const bool follows = step.step == Step::repoint || step.step == Step::demote || step.step == Step::demote_emptied;
  check_stranger(step);
  if (step.step == Step::promote || follows) by_hand_[index(step.node)] = false;
  if (step.step == Step::promote) check_promote(step);
  if (step.step == Step::repoint) told_[index(step.node)] = true;
  if (follows && !is_mysql()) check_amnesia_order(step);
}

void Judge::check_promote(const RunStep& step) {
  ++promotions_;
  const Server& target = *ports_.servers[index(step.node)];
  promoted_ = intent_.epoch;
  std::fill(told_.begin(), told_.end(), false);
  if (!sengu_->all_acknowledged()) violation("promoted before every worker acknowledged the cut");
  if (sengu_->live_sessions() > 0) violation("promoted with sessions alive");
  if (!durable_ || durable_->epoch != promoted_ || durable_->target != target.name())
    violation("promoted before the journal names the target");
  check_old_master_is_gone("promoted");
  if (!is_mysql()) check_stale(target);
  if (is_mysql()) {
    check_relay_log(step);
    check_errant_candidate(step);
  }
  const bool was_there = sentinel_since_ && ports_.timeline.now() - *sentinel_since_ > seen_before_a_promote;
  if (was_there && !operator_acted_) violation("promoted beside another decider");
}

/// sengu has seen that another application's server answers there, and its journal knew the right one.
bool Judge::is_seen_stranger(const Server& server) const {
  if (journal_lost_ != Time{}) return false;
  const auto status = sengu_->status();
  return server.is_stranger() && status && status->nodes[at(server.index())].server_id == server.run_id();
}

/// A fence comes before anybody can tell: a server that loads does not say yet what it has.
void Judge::check_stranger(const RunStep& step) {
  const Server& server = *ports_.servers[index(step.node)];
  if (step.step == Step::fence) return;
  if (is_seen_stranger(server) && !loss_accepted_) violation(server.name() + " is a stranger and was told something");
}

/// A replica that was deaf for long, or of which nobody can tell, is no match for a master that may return with its
/// data.
void Judge::check_stale(const Server& target) {
  const int old = by_name(durable_->master);
  if (operator_acted_ || old < 0 || old == target.index()) return;  // its role is given back
  const Server& master = *ports_.servers[at(old)];
  const bool may_have_its_data = !master.is_stranger() && !master.frozen() && !regressed_[at(old)] && reachable(master);
  if (!may_have_its_data || master.killed() == Time{} || !reachable(target)) return;
  const auto down_after = ports_.settings.health.down_after;
  const bool tells = target.heard_until() != Time{};
  const auto silence = down_after - ports_.settings.health.interval - 100ms;  // it counts from the last reply
  const auto deaf_for = master.killed() - target.heard_until();
  if (tells && deaf_for > deaf_factor * down_after + 1s)
    violation(fmt::format("{} was promoted, deaf for {} ms", target.name(), deaf_for / 1ms));
  if (!target.was_linked() && is_calm(proxy_host) && ports_.timeline.now() - master.killed() < silence)
    violation(target.name() + " was promoted, and does not tell how old its data is");
}

/// The evidence was false where the master lives and can be reached, or a replica that sengu can ask hears it.
void Judge::check_old_master_is_gone(const std::string& what) {
  if (operator_acted_ || !durable_) return;
  const int old = by_name(durable_->master);
  if (old < 0) return;
  const Server& master = *ports_.servers[at(old)];
  if (regressed_[at(old)]) return;
  const bool serves = master.is_master() || is_kept_read_only(master);
  const bool lives =
      master.running() && !master.frozen() && serves && master.run_id() == durable_->server_id && is_calm(host_of(old));
  if (!lives) return;
  if (reachable(master)) return violation(what + " while the master lives and can be reached");
  if (!is_calm(proxy_host)) return;
  for (const auto& server : ports_.servers) {
    const bool hears = server->usable() && server->follows() == old && server->link_up() && reachable(*server) &&
                       is_calm(host_of(server->index())) &&
                       ports_.network.open_both_ways(host_of(old), host_of(server->index()));
    if (hears) return violation(what + " while a replica hears the master: " + server->name());
  }
}

/// RULES §6.2: the empty master is demoted last, and all the others are told at once.
void Judge::check_amnesia_order(const RunStep& step) {
  const int master = by_name(durable_->master);
  if (master < 0) return;
  const auto status = sengu_->status();
  const auto keys = ports_.servers[at(master)]->keys();
  for (const auto& server : ports_.servers) {
    const bool known = status->nodes[at(server->index())].rogue;
    const bool emptied =
        server->usable() && server->index() != master && server->is_master() && server->keys() * 2 + since_seen < keys;
    if (!emptied) continue;
    if (step.step == Step::repoint) {
      ports_.timeline.after(50ms, [this, emptied = server->index()] { check_all_told(emptied); });
    } else if (known && static_cast<int>(index(step.node)) == server->index()) {
      for (const auto& other : ports_.servers) {
        const bool follows_it = other->usable() && other->follows() == server->index() && reachable(*other) &&
                                is_calm(host_of(other->index()));
        if (follows_it) violation("the empty master was demoted while " + other->name() + " still followed it");
      }
    }
  }
}

void Judge::check_all_told(int emptied) {
  const auto status = sengu_->status();
  if (!status || sengu_->frozen() || status->route != RouteState::open || !is_calm(proxy_host)) return;
  if (!status->nodes[at(emptied)].rogue || !reachable(*ports_.servers[at(emptied)])) return;  // not seen (yet)
  const int master = host_of(static_cast<int>(index(*status->master)));
  if (!is_calm(master) || ports_.network.is_slow(master)) return;  // nobody is pointed at what is not seen
  for (const auto& server : ports_.servers) {
    const bool left = is_fit(*server) && server->follows() == emptied && !told_[at(server->index())];
    if (left) violation("under amnesia " + server->name() + " was left with the empty master");
  }
}

// --- liveness ---

/// A master that is dead or frozen for long enough, a fit replica that heard it to the end, and nothing else amiss.
void Judge::check_liveness() {
  if (is_mysql()) {
    check_readers();
    check_receivers();
  }
  const auto status = sengu_->status();
  const bool acts = status && !sengu_->frozen() && !status->paused && status->journal_ok &&
                    ports_.settings.failover.mode == config::Mode::automatic;
  if (!sengu_->all_acknowledged()) return;  // a frozen worker; it ends the process in time
  if (!acts || sentinel_since_ || status->route == RouteState::open || !status->master) return;
  const bool by_hand = std::any_of(changed_by_hand_.begin(), changed_by_hand_.end(),
                                   [](const Change& change) { return change.at != Time{}; });
  if (status->reason == Reason::two_masters && by_hand) return;  // people began it, and end it
  const bool all_can_tell = std::all_of(ports_.servers.begin(), ports_.servers.end(),
                                        [](const auto& one) { return !one->running() || one->usable(); });
  if (status->reason == Reason::two_deciders && !all_can_tell) return;
  if (is_mysql() && is_applying()) return;
  const bool one_refuses = std::any_of(ports_.servers.begin(), ports_.servers.end(), [&](const auto& one) {
    return ports_.timeline.now() < one->refused_until() + asked_for_again;
  });
  if (one_refuses) return;  // it may hold more than the others, and is asked again
  // An earlier run of sengu heard the replicas lose a frozen master; MySQL does not tell since when they hear nothing.
  const Server& lost = *ports_.servers[index(*status->master)];
  if (is_mysql() && lost.running() && sengu_->started() > touched_[at(host_of(lost.index()))]) return;
  const auto enough = ports_.settings.health.down_after + 1s + catch_up;
  if (ports_.timeline.now() - sengu_->calm_since() < enough) return;
  const auto quiet = [&](int host) { return ports_.timeline.now() - touched_[at(host)] >= enough; };
  for (int host = 0; host < static_cast<int>(touched_.size()); ++host)
    if (!quiet(host)) return;
  const Server& master = *ports_.servers[index(*status->master)];
  if (master.running() && !master.frozen() && !master.is_stranger()) return;
  for (const auto& server : ports_.servers) {
    const bool refuses = !master.running() && reachable(master);
    const bool can_tell = refuses || server->heard_until() >= touched_[at(host_of(master.index()))];
    if (is_fit(*server) && can_tell && server->follows() == master.index() &&
        ports_.network.open_both_ways(host_of(server->index()), host_of(master.index()))) {
      return violation("no failover although " + server->name() +
                       " is fit: " + std::string(to_string(status->last_reason)));
    }
  }
}

// --- data ---

/// Where a restart of the master is no failover, people want it back with whatever it has, as long as that is not
/// nothing, and as long as it does not tell what it lacks.
bool Judge::may_lose(const Server& chosen, const std::string& what) const {
  const auto& failover = ports_.settings.failover;
  const bool tells = durable_ && !chosen.past().empty() && chosen.past() == durable_->replid;
  const bool as_told = (failover.on_process_death == config::OnProcessDeath::down_after && !tells) ||
                       failover.mode != config::Mode::automatic || sengu_->status()->paused || sentinel_since_ ||
                       ports_.timeline.now() - sentinel_until_ < asked_again;
  return loss_accepted_ || ((as_told || operator_acted_) && what == "adoption");
}

/// Its keys were deleted while sengu did not look, or no other node has received as much, so that its master may as
/// well have done it (FLUSHALL); or it has got as many new ones since as half of what the other has.
bool Judge::emptied_unseen(const Server& chosen, const Server& other) const {
  const Time at = chosen.emptied();
  if (at == Time{}) return false;
  const bool not_seen = sengu_->started() > at || (sengu_->froze() <= at && at <= sengu_->woke());
  return not_seen || other.received() < chosen.received() || ports_.timeline.now() - at < seen_before_a_promote ||
         chosen.keys() * 2 >= other.keys();
}

/// What the chosen master lacks is lost; that is allowed only for what no fit server had received.
void Judge::check_kept(const Server& chosen, const std::string& what) {
  const auto savers = holders([&](const Server& server) {
    const bool unseen = is_mysql() && regressed_unseen(chosen);
    const bool abandoned = unseen || (what == "adoption" && was_led_by_hand(server, chosen));
    if (emptied_unseen(chosen, server) || server.emptied() != Time{}) return false;  // an emptied one ranks below all
    // A master that restarted and was made a replica by hand has a history that nobody knows (RULES §4.3).
    if (!is_mysql() && is_rightful(server) && server.killed() != Time{}) return false;
    const bool ranks_below = is_mysql() && has_writes_of_strangers(mysql(server.index()));
    return !may_lose(chosen, what) && &server != &chosen && is_fit(server) && !abandoned && !ranks_below;
  });
  const auto has = set_of(chosen);
  for (const WriteId write : acked_) {
    if (excused_[write] || has[write]) continue;
    for (const auto& [server, set] : savers) {
      if (!set[write]) continue;
      violation(fmt::format("{} of {} loses write {}, which {} has", what, chosen.name(), write, server->name()));
      break;
    }
    excuse(write);
  }
}

void Judge::on_flush(Server& server) {
  const auto set = set_of(server);
  const auto others = holders([&](const Server& other) { return &other != &server; });
  for (const WriteId write : acked_) {
    if (excused_[write] || !set[write] || is_in_any(others, write)) continue;
    if (server.pointed_by_step() && !loss_accepted_) {
      violation(fmt::format("the last copy of write {} was wiped from {} by a step", write, server.name()));
    }
    excuse(write);
  }
}

void Judge::forgive_what_is_gone() {
  const auto all = holders([](const Server&) { return true; });
  for (const WriteId write : acked_) {
    if (!excused_[write] && !is_in_any(all, write)) excuse(write);
  }
}

void Judge::excuse(WriteId write) {
  excused_[write] = true;
  ++lost_;
}

void Judge::check_end() {
  const auto status = sengu_->status();
  if (!status || status->route != RouteState::open) {
    return violation("not routed in the end: " + std::string(status ? to_string(status->last_reason) : "no process"));
  }
  const Server& master = *ports_.servers[index(*status->master)];
  if (is_mysql()) check_replicas_in_the_end(master.index());
  const auto has = set_of(master);
  const auto missing =
      std::count_if(acked_.begin(), acked_.end(), [&](WriteId write) { return !excused_[write] && !has[write]; });
  if (missing > 0)
    violation(fmt::format("{} acknowledged writes are missing in the end on {}", missing, master.name()));
}

}  // namespace sengu::sim
