// What operators ask of a group. Each wish is answered once: here, or when the change that it began has ended.
#include "health/core/change/record.hpp"
#include "health/core/group/decide.hpp"
#include "health/core/group/events.hpp"
#include "health/core/group/state.hpp"
#include "health/core/group/waiting.hpp"
#include "health/core/judgement/copies.hpp"
#include "health/core/judgement/read_only.hpp"

namespace sengu::health {

namespace {

class Wishes {
 public:
  Wishes(GroupState& group, RequestId request) : group_(group), request_(request) {}

  void operator()(const FailoverWish& wish) {
    if (group_.machine.active()) return during_change(wish);
    if (const Reason reason = why_not(wish); reason != Reason::none) return;
    if (wish.to && is_master_to_take(group_, *wish.to, wish.loss)) {
      group_.adopt(*wish.to, Reason::adopted);
      return done(name_of(*wish.to) + " is adopted as master");
    }
    const Knowledge& known = group_.known;
    if (wish.to && wish.to == known.master && lives_read_only_by_hand(known)) return open_master();
    const Time lost_at = known.suspicion ? known.suspicion->began : group_.now;
    const Selection selection =
        select_candidate(known, {Reason::operator_request, wish.to, wish.loss, lost_at, group_.now});
    if (!selection.candidate) return refuse(Reason::no_good_replica, ": " + rejections(known, selection));
    group_.reasons.last = Reason::operator_request;
    if (known.master) emit_node(group_.scene(), EventKind::try_failover, *known.master, Reason::operator_request);
    FailoverPlan plan{Reason::operator_request, wish.to, wish.loss, request_, lost_at};
    if (wish.loss == LossPolicy::accept_loss) plan.cost = what_is_given_up(known, *selection.candidate) + " given up";
    group_.machine.begin(group_.context(), plan);
  }

  void operator()(const RejoinWish& wish) {
    Knowledge& known = group_.known;
    NodeView& node = known.node(wish.node);
    if (const std::string why = why_no_rejoin(wish); !why.empty()) return refuse_rejoin(why);
    node.copy.welcome = true;
    node.told.retry = {};
    done(name_of(wish.node) + " is taken in: its " + std::to_string(node.info->keys) +
         " keys are replaced by those of " + name_of(*known.master));
  }

  void operator()(const PauseWish&) {
    if (!group_.paused) emit_group(group_.scene(), EventKind::pause, Reason::operator_request);
    group_.paused = true;
    done("paused: no automatic action; routing goes on");
  }

  void operator()(const ResumeWish&) {
    if (group_.paused) emit_group(group_.scene(), EventKind::pause_end, Reason::operator_request);
    group_.paused = false;
    group_.reasons.refused = Reason::none;
    done("resumed");
  }

 private:
  void done(std::string text) { group_.out.send(Answer{request_, {Reason::none, std::move(text)}}); }
  void refuse(Reason reason, const std::string& more = {}) {
    group_.out.send(Answer{request_, {reason, std::string(describe(reason)) + more}});
  }
  void refuse_rejoin(std::string why) { group_.out.send(Answer{request_, {Reason::rejoin_refused, std::move(why)}}); }
  /// Empty: it may be taken in.
  std::string why_no_rejoin(const RejoinWish& wish) const {
    const Knowledge& known = group_.known;
    const NodeView& node = known.node(wish.node);
    const std::string& name = node.settings->name;
    if (!known.master || !known.master_verified) return "no master that it could follow";
    if (known.master == wish.node) return name + " is the master";
    if (!node.info || node.outcome != Outcome::ok) return name + " does not answer";
    if (node.info->sql) return name + " is left alone for its own transactions; see \"An errant node\" in the manual";
    if (known.follows(node, *known.master)) return name + " follows the master";
    if (wish.wipe) return {};
    const std::string keys = std::to_string(node.info->keys) + " keys";
    if (!is_stranger(known, node) && !would_be_wiped(known, node)) return name + " rejoins by itself";
    return name + " holds " + keys + " that the master has not; rejoin " + known.settings->name + " " + name +
           " --wipe gives them up";
  }

  /// The operator wants the master's read_only undone: from now on it is undone as a fence of ours (RULES §4.5).
  void open_master() {
    group_.switched_unseen = false;
    record_fenced(group_.known);
    write_record(group_.known, group_.out);
    group_.machine.unfence(group_.context());
    done(name_of(*group_.known.master) + " is made writable again, and stays the master");
  }

  const std::string& name_of(NodeId id) const { return group_.known.node(id).settings->name; }

  /// A failover that waits for a relay log can be told that its loss is accepted, and to promote another.
  void during_change(const FailoverWish& wish) {
    FailoverMachine& machine = group_.machine;
    if (machine.state() != FailoverMachine::State::applying) return wait_for_its_end(wish);
    const std::string waits = what_is_waited_for(group_);
    if (wish.loss != LossPolicy::accept_loss)
      return refuse(Reason::failover_in_progress, waits.empty() ? "" : ": " + waits);
    const Knowledge& known = group_.known;
    const FailoverPlan& plan = machine.plan();
    const Selection selection =
        select_candidate(known, {plan.cause, wish.to, LossPolicy::accept_loss, plan.lost_at, group_.now});
    if (!selection.candidate) return refuse(Reason::no_good_replica, ": " + rejections(known, selection));
    const std::string lost = what_is_given_up(known, *selection.candidate);
    machine.accept_loss(wish.to);
    done(name_of(*selection.candidate) + " is promoted; " + lost + " given up");
  }

  /// A promotion may hang on its target for seconds, and be tried again: who names another one, and accepts the loss,
  /// is served next.
  void wait_for_its_end(const FailoverWish& wish) {
    FailoverMachine& machine = group_.machine;
    const bool names_another = wish.to && machine.target() && *wish.to != *machine.target();
    if (!names_another || wish.loss != LossPolicy::accept_loss || machine.plan().next)
      return refuse(Reason::failover_in_progress);
    machine.then(Order{request_, wish});
  }

  /// Answers the wish where a failover may not begin.
  Reason why_not(const FailoverWish& wish) {
    static constexpr const char* name_one = "; name a node: failover GROUP --to NODE";
    const auto answered = [&](Reason reason, const char* more) {
      refuse(reason, more);
      return reason;
    };
    if (!group_.journal.writable()) return answered(Reason::journal_unwritable, "");
    if (wish.to) return Reason::none;
    if (group_.journal.damaged()) return answered(Reason::journal_unwritable, name_one);
    if (group_.switched_unseen) return answered(Reason::two_masters, name_one);
    if (!group_.known.master) return answered(group_.reasons.closed, name_one);
    return Reason::none;
  }

  GroupState& group_;
  const RequestId request_;
};

}  // namespace

void GroupState::take(const Order& order) { std::visit(Wishes(*this, order.request), order.wish); }

}  // namespace sengu::health
