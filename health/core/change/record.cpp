#include "health/core/change/record.hpp"

#include <algorithm>
#include <utility>

#include "health/core/judgement/read_only.hpp"

namespace sengu::health {

namespace {

constexpr std::size_t past_servers_max = 32;
constexpr std::size_t past_replids_max = 16;

void remember(std::vector<std::string>& past, const std::string& id, std::size_t most) {
  std::erase(past, id);
  past.push_back(id);
  if (past.size() > most) past.erase(past.begin());
}

/// Redis: a server that returns may know the group by a history of long ago.
void remember_replid(Knowledge& knowledge) {
  const std::string& replid = knowledge.record.replid;
  if (knowledge.settings->kind == config::Kind::redis && !replid.empty())
    remember(knowledge.record.past_replids, replid, past_replids_max);
}

/// What each node holds at the moment in which `master` becomes the master. The one before held no less than the node
/// that replaces it: by that it is known when it returns.
void take_stock(Knowledge& knowledge, NodeId master) {
  const ServerInfo& seen = *knowledge.node(master).info;
  if (seen.sql) return;
  if (knowledge.master && knowledge.master != master) {
    auto& held = knowledge.node(*knowledge.master).copy.held;
    if (held) held->keys = std::max(held->keys, seen.keys);
  }
  for (std::size_t i = 0; i < knowledge.nodes.size(); ++i) {
    NodeView& node = knowledge.nodes[i];
    const bool is_master = node_id(i) == master;
    const bool follows = node.alive() && node.info && node.info->link_up && knowledge.follows(node, master);
    if (!is_master && (!follows || node.copy.held)) continue;
    if (is_master && node.copy.emptied) continue;
    node.copy.hold(node.settings->name, *node.info);
  }
}

/// How many keys came since the record before, in which the server held `before`; records are further apart than looks.
std::optional<std::uint64_t> growth_since(const HeldCopy& before, const HeldCopy& now) {
  if (before.node != now.node || before.server_id != now.server_id) return std::nullopt;
  return now.keys > before.keys ? now.keys - before.keys : 0;
}

void record_copies(Knowledge& knowledge) {
  const std::vector<HeldCopy> before = std::exchange(knowledge.record.copies, {});
  for (const NodeView& node : knowledge.nodes) {
    if (!node.copy.held) continue;
    HeldCopy& copy = knowledge.record.copies.emplace_back(*node.copy.held);
    for (const HeldCopy& old : before) {
      if (const auto growth = growth_since(old, copy)) copy.growth = std::max(copy.growth.value_or(0), *growth);
    }
  }
}

/// A replica takes no writes, nor does a master that is read-only by a person's hand: its fence would not be ours to
/// undo. The fence of the failover before is still to be undone.
bool is_to_be_fenced(const Knowledge& knowledge, Reason cause) {
  if (!knowledge.master || cause == Reason::master_is_replica) return false;
  return read_only_master(knowledge) != ReadOnly::by_hand;
}

}  // namespace

void take_record(Knowledge& knowledge, std::optional<JournalRecord> record) {
  if (record) knowledge.record = std::move(*record);
  knowledge.record.group = knowledge.settings->name;
  knowledge.master = knowledge.find_name(knowledge.record.master);
  knowledge.history = history_of(knowledge.record, knowledge.settings->kind);
  knowledge.history_offset = knowledge.record.offset;
  knowledge.resumed = knowledge.record.phase != Phase::steady;
  for (const HeldCopy& copy : knowledge.record.copies) {
    const auto id = knowledge.find_name(copy.node);
    if (!id) continue;
    knowledge.node(*id).copy.held = copy;
    knowledge.node(*id).copy.journalled = true;
  }
}

void record_switching(Knowledge& knowledge, Reason cause) {
  JournalRecord& record = knowledge.record;
  ++record.epoch;
  record.phase = Phase::switching;
  record.target.clear();
  journal_history(record, knowledge.history, knowledge.history_offset);
  record.fenced = is_to_be_fenced(knowledge, cause);
}

/// The history by which a later run must know the target, and how much of it the target holds. MySQL: the part of the
/// group's history that the target received. Redis: the target's own history where the operator accepted the loss, else
/// the group's.
void record_target(Knowledge& knowledge, NodeId target, const ServerInfo& chosen) {
  JournalRecord& record = knowledge.record;
  record.phase = Phase::promoting;
  record.target = knowledge.node(target).settings->name;
  if (chosen.sql) {
    History held = knowledge.history;
    held.gtids = chosen.sql->received;
    journal_history(record, held, chosen.offset);
  } else if (const auto held = received(knowledge.history, chosen)) {
    journal_history(record, knowledge.history, held->offset);
  } else {
    journal_history(record, history_of(chosen), chosen.offset);
  }
}

void record_new_epoch(Knowledge& knowledge) { ++knowledge.record.epoch; }

bool record_process(Knowledge& knowledge, const ServerInfo& master) {
  if (!master.sql || !is_known_by_its_start(*master.sql)) return false;
  return std::exchange(knowledge.record.server_started, master.sql->started) != master.sql->started;
}

void record_fenced(Knowledge& knowledge) { knowledge.record.fenced = true; }

void record_unfenced(Knowledge& knowledge) { knowledge.record.fenced = false; }

void record_master(Knowledge& knowledge, NodeId master) {
  const NodeView& node = knowledge.node(master);
  JournalRecord& record = knowledge.record;
  const bool stays = record.master == node.settings->name && record.server_id == node.info->run_id;
  record.phase = Phase::steady;
  record.master = node.settings->name;
  record.server_id = node.info->run_id;
  record.target.clear();
  record.fenced = record.fenced && stays && node.info->sql;  // MySQL: until it was seen undone for a while
  if (!stays) record.server_started = {};
  (void)record_process(knowledge, *node.info);
  remember(record.past_servers, record.server_id, past_servers_max);
  remember_replid(knowledge);
  take_stock(knowledge, master);
  record_copies(knowledge);
  journal_history(record, history_of(*node.info), node.info->offset);
}

void record_given_up(Knowledge& knowledge) {
  knowledge.record.phase = Phase::steady;
  knowledge.record.target.clear();
}

void record_history(Knowledge& knowledge, const ServerInfo& master) {
  if (knowledge.record.replid != master.replid) remember_replid(knowledge);
  record_copies(knowledge);
  journal_history(knowledge.record, history_of(master), master.offset);
}

Serial write_record(const Knowledge& knowledge, Outbox& out) {
  const Serial serial = out.next_serial();
  out.send(WriteJournal{serial, knowledge.record});
  return serial;
}

void RecordWrite::begin(const Knowledge& knowledge, Outbox& out) {
  state_ = State::pending;
  serial_ = write_record(knowledge, out);
}

void RecordWrite::take(const JournalWritten& written) {
  if (state_ == State::pending && written.serial == serial_) state_ = written.ok ? State::durable : State::failed;
}

}  // namespace sengu::health
