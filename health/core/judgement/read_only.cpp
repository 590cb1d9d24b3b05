#include "health/core/judgement/read_only.hpp"

namespace sengu::health {

namespace {

using namespace std::chrono_literals;

/// A server takes less than a second to restart. So a process that was younger than this when it was last seen may have
/// been replaced within the second of its start.
constexpr std::chrono::seconds young = 2s;

/// Where the journal does not know the process (0.1.0 wrote it) none was seen as the master: it is as after a restart.
bool was_the_master(const JournalRecord& record, const SqlInfo& sql) {
  return sql.started != 0s && record.server_started == sql.started;
}

}  // namespace

ReadOnly read_only_master(const Knowledge& knowledge) {
  if (!knowledge.master) return ReadOnly::no;
  const auto& info = knowledge.node(*knowledge.master).info;
  if (!info || !info->sql || info->run_id != knowledge.record.server_id) return ReadOnly::no;
  if (!info->read_only || !info->master.host.empty()) return ReadOnly::no;
  if (!was_the_master(knowledge.record, *info->sql)) return ReadOnly::restarted;
  return knowledge.record.fenced ? ReadOnly::ours : ReadOnly::by_hand;
}

bool lives_read_only_by_hand(const Knowledge& knowledge) {
  return read_only_master(knowledge) == ReadOnly::by_hand && knowledge.node(*knowledge.master).outcome == Outcome::ok;
}

bool is_known_by_its_start(const SqlInfo& sql) { return sql.started != 0s && sql.uptime >= young; }

}  // namespace sengu::health
