#include "health/core/change/record.hpp"

#include <utility>

namespace sengu::health {

namespace {

constexpr std::size_t past_servers_max = 32;

void remember_server(JournalRecord& record, const std::string& server) {
  std::erase(record.past_servers, server);
  record.past_servers.push_back(server);
  if (record.past_servers.size() > past_servers_max) record.past_servers.erase(record.past_servers.begin());
}

}  // namespace

void take_record(Knowledge& knowledge, std::optional<JournalRecord> record) {
  if (record) knowledge.record = std::move(*record);
  knowledge.record.group = knowledge.settings->name;
  knowledge.master = knowledge.find_name(knowledge.record.master);
  knowledge.history = history_of(knowledge.record, knowledge.settings->kind);
  knowledge.history_offset = knowledge.record.offset;
  knowledge.resumed = knowledge.record.phase != Phase::steady;
}

void record_switching(Knowledge& knowledge, Reason cause) {
  JournalRecord& record = knowledge.record;
  ++record.epoch;
  record.phase = Phase::switching;
  record.target.clear();
  journal_history(record, knowledge.history, knowledge.history_offset);
  record.fenced = knowledge.master && cause != Reason::master_is_replica;  // a replica takes no writes
}

/// The history by which a later run must know the target. MySQL: the part of the group's history that the target
/// received. Redis: the target's own history where the operator accepted the loss, else the group's.
void record_target(Knowledge& knowledge, NodeId target, const ServerInfo& chosen) {
  JournalRecord& record = knowledge.record;
  record.phase = Phase::promoting;
  record.target = knowledge.node(target).settings->name;
  if (chosen.sql) {
    History held = knowledge.history;
    held.gtids = chosen.sql->received;
    journal_history(record, held, chosen.offset);
  } else if (!received(knowledge.history, chosen)) {
    journal_history(record, history_of(chosen), chosen.offset);
  }
}

void record_new_epoch(Knowledge& knowledge) { ++knowledge.record.epoch; }

void record_master(Knowledge& knowledge, NodeId master) {
  const NodeView& node = knowledge.node(master);
  JournalRecord& record = knowledge.record;
  record.phase = Phase::steady;
  record.master = node.settings->name;
  record.server_id = node.info->run_id;
  record.target.clear();
  record.fenced = false;
  remember_server(record, record.server_id);
  journal_history(record, history_of(*node.info), node.info->offset);
}

void record_given_up(Knowledge& knowledge) {
  knowledge.record.phase = Phase::steady;
  knowledge.record.target.clear();
}

void record_history(Knowledge& knowledge, const ServerInfo& master) {
  knowledge.record.replid = master.replid;
  knowledge.record.offset = master.offset;
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
