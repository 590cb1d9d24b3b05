// The inside of Group, shared by the files of this folder: group.cpp goes step by step, observe.cpp
// takes in what happened, decide.cpp acts on it, report.cpp writes events and status.
#pragma once

#include <deque>

#include "health/core/change/failover.hpp"
#include "health/core/group/group.hpp"
#include "health/core/judgement/adoption.hpp"
#include "health/core/judgement/deciders.hpp"
#include "health/core/judgement/evidence.hpp"
#include "health/core/judgement/repairs.hpp"

namespace sengu::health {

constexpr auto tilt_at_most = std::chrono::seconds(10);   // safety.md §8

struct Group::State {
  State(const config::GroupSettings& group, std::optional<JournalRecord> journal, JournalFound found);

  // --- group.cpp: step by step ---
  Commands start(Time at, Time first_probe);
  Commands step(Time at, const Input& input);
  void take(const Input& input);
  void decide();
  void run_machine();
  FailoverMachine::Context context();
  Route route() const;
  bool looks_anew() const;
  void publish();
  void retry_journal();
  void probe_nodes();
  void ask_who_decides();
  Duration cadence(NodeId id) const;
  Time due(NodeId id) const;
  void set_deadline();

  // --- decide.cpp: what is done about it ---
  void machine_ended(const FailoverMachine::Ended& ended);
  void adopt(NodeId node, Reason reason);
  bool all_asked() const;
  void without_master();
  void watch_master();
  void name_unusable_master();
  bool target_took_over(std::optional<NodeId> target) const;
  void resume();
  void on_server_changed();
  bool may_still_fail_over(Reason cause) const;
  void on_emptied_without_replica();
  void on_master_is_replica();
  void on_switched_unseen();
  void investigate();
  void ask_witness(NodeId witness);
  void try_failover(Reason cause);
  Reason why_hands_off() const;             // paused, manual, observe, tilt, journal, deciders
  Reason why_not_act(Reason cause) const;
  void forget_left_replicas();
  void start_receivers();
  bool awaits_semi_sync() const;
  void switch_semi_sync_on();
  void mend();
  bool is_master_to_take(NodeId id, LossPolicy loss) const;
  void operator_failover(const OperatorFailover& request);
  void pause(const OperatorPause& request);
  void resume_group(const OperatorResume& request);

  // --- observe.cpp: what happened ---
  void observe(NodeId id, const Observation& seen);
  void take_shortage(NodeId id, const Observation& seen);
  void watch_use(NodeId id);
  void take_info(NodeId id, const Observation& seen);
  bool has_regressed(const NodeView& before, const ServerInfo& info) const;
  bool holds_what_replicas_have();
  void take_master_info(const Observation& seen);
  void judge_errant(NodeId id);
  void follow_history(const ServerInfo& master);
  void take_replica_info(NodeId id);
  void hear_witness(NodeId id);
  void take_failure(NodeId id, const Observation& seen);
  void connection_lost(NodeId id);
  void step_done(const StepDone& done);
  void deciders_told(const DecidersTold& told);
  void suspect(Reason cause);
  void clear_suspicion();
  void set_sdown(NodeId id);
  void check_clock();
  void begin_tilt();
  void end_tilt_when_seen();
  void update_reader(NodeId id);
  bool was_promoted_unseen(const NodeView& node) const;
  void watch_rogue(NodeId id);
  bool server_changed() const;

  // --- report.cpp: what people see ---
  void emit(EventKind kind, std::optional<NodeId> node, Reason reason, std::string text);
  void emit_node(EventKind kind, NodeId node, Reason reason, const std::string& more = {});
  void emit_group(EventKind kind, Reason reason, const std::string& more = {});
  void refuse(Reason reason);
  void end_odown();
  void report_route(const Route& before, const Route& after);
  void report_promoted(NodeId promoted, Reason cause);
  void report_switch(NodeId from, NodeId to, Reason cause);
  void report_lost_writes(NodeId id);
  void report_last_tail(NodeId id);
  void emit_lost_writes(NodeId id, std::int64_t bytes, const std::string& how = {});
  void report_deciders();
  void report_relay_log(FailoverMachine::State before);
  void report_errant(NodeId id, const GtidSet& before);
  std::string instance(NodeId id) const;    // Sentinel's "<type> <name> <ip> <port>[ @ <master> <ip> <port>]"
  std::string rejections(const Selection& selection) const;
  GroupStatus status(Time at) const;
  NodeStatus node_status(NodeId id, Time at) const;
  Health health_of(NodeId id) const;
  std::vector<std::string> findings() const;
  std::string kept_for(const NodeView& node) const;

  NodeView& master_view() { return known.node(*known.master); }
  const NodeView& master_view() const { return known.node(*known.master); }
  std::size_t size() const { return known.nodes.size(); }

  const config::GroupSettings* settings;
  Knowledge known;
  FailoverMachine machine;
  Outbox out;
  Time now{};
  Time deadline{};

  // route and barrier
  Route published;
  std::optional<Serial> published_serial;   // none before the first
  Serial acknowledged_serial{};
  Time route_since{};
  std::uint32_t last_generation = 0;

  // the decision's memory
  Reason last_reason = Reason::starting;    // of the last decision, taken or not
  Reason last_cause = Reason::none;         // of the last change of master
  Reason last_refused = Reason::none;       // an event once per change
  Reason closed_reason = Reason::starting;
  bool paused = false;
  bool journal_ok = true;
  bool damaged;                             // what it holds names no master: an operator does
  bool target_shaken = false;               // the connection to the target broke while it was being confirmed
  int aborts_in_a_row = 0;
  std::optional<Serial> journal_probe;      // a write that only finds out whether the journal works again
  Time next_journal_retry{};
  std::deque<Time> switches;                // failovers, newest last
  std::optional<Time> retry_after;          // after an aborted failover
  std::optional<Time> emptied_since;
  std::optional<Time> unreachable_reported;
  std::optional<Time> role_lost_since;      // the journal's master says replica
  std::optional<NodeId> promote_sent_to;    // it may carry it out late: that is nobody's switch by hand
  bool switched_unseen = false;             // another node became a master while we were stalled, or before this run
  bool mended = true;                       // +failover-end was said
  std::optional<std::pair<NodeId, std::int64_t>> last_tail;  // the old master, and how far it was seen beyond the new one (bytes)
  std::vector<std::string> reported_deciders;   // in the last event
  bool odown = false;                       // +odown was said of the present master
  Time look_again{};

  // the group's own clock
  std::optional<Time> tilt_since;
  Time last_stall{};                        // none: the epoch
  std::optional<Time> recheck_at;           // a late step is void until then
};

constexpr NodeId node_id(std::size_t i) { return NodeId{static_cast<std::uint16_t>(i)}; }

}  // namespace sengu::health
