#include "health/core/knowledge/history.hpp"

#include <algorithm>

namespace sengu::health {

namespace {

constexpr std::size_t journalled_sources = 24;  // of some 60 bytes each; a slot of the journal has 3,808

/// At most journalled_sources of them; those of the recent masters are kept first.
GtidSet tips_to_keep(const GtidSet& gtids, const std::vector<std::string>& masters) {
  const GtidSet tips = gtids.tips();
  if (tips.sources() <= journalled_sources) return tips;
  GtidSet kept;
  for (auto master = masters.rbegin(); master != masters.rend() && kept.sources() < journalled_sources; ++master) {
    kept.add(tips.written_by(*master));
  }
  return kept;
}

GtidSet parse_tips(const std::string& text) {
  if (auto set = GtidSet::parse_mysql(text)) return std::move(*set);
  return GtidSet::parse_mariadb(text).value_or(GtidSet{});
}

std::optional<Received> received_bytes(const History& history, const ServerInfo& info) {
  const auto until = [&](std::int64_t end) { return Received{std::min(info.offset, end - 1), info.offset >= end}; };
  if (history.replid.empty()) return std::nullopt;
  if (info.replid == history.replid) return Received{info.offset, false};
  if (info.replid2 == history.replid) return until(info.second_offset);
  if (!history.parent.empty() && info.replid == history.parent) return until(history.parent_until);
  return std::nullopt;
}

}  // namespace

History history_of(const ServerInfo& master) {
  History history;
  if (master.sql) {
    history.writer = master.run_id;
    history.gtids = master.sql->executed;
  } else {
    history.replid = master.replid;
    history.parent = master.replid2;
    history.parent_until = master.second_offset;
  }
  return history;
}

History history_of(const JournalRecord& record, config::Kind kind) {
  History history;
  if (kind == config::Kind::mysql) {
    history.writer = record.server_id;
    history.gtids = parse_tips(record.replid).filled();
  } else {
    history.replid = record.replid;
  }
  return history;
}

void journal_history(JournalRecord& record, const History& history, std::int64_t offset) {
  record.replid = history.writer.empty() ? history.replid : tips_to_keep(history.gtids, record.past_servers).text();
  record.offset = offset;
}

std::optional<Received> received(const History& history, const ServerInfo& info) {
  if (!info.sql) return received_bytes(history, info);
  if (history.writer.empty()) return std::nullopt;
  const GtidSet& has = info.sql->received;
  const bool related = history.gtids.empty() || has.meets(history.gtids) || !has.written_by(history.writer).empty();
  if (!related) return std::nullopt;
  const GtidSet own = errant(history, info);
  return Received{has.position() - own.count(), !own.empty()};
}

GtidSet errant(const History& history, const ServerInfo& info) {
  if (!info.sql) return {};
  const GtidSet beyond = info.sql->received.minus(history.gtids);
  return beyond.without(beyond.written_by(history.writer));
}

bool lacks_what(const ServerInfo& info, const History& history, const ServerInfo& ahead) {
  if (follow_one_log(info, ahead)) return info.sql->by_position->received < ahead.sql->by_position->received;
  return !ahead.sql->received.without(errant(history, ahead)).minus(info.sql->received).empty();
}

bool all_applied(const ServerInfo& info) {
  if (!info.sql) return true;
  const auto& by = info.sql->by_position;
  return info.sql->executed.contains(info.sql->received) && (!by || by->all_applied());
}

std::int64_t applied(const History& history, const ServerInfo& info) {
  const GtidSet& executed = info.sql->executed;
  const GtidSet beyond = executed.minus(history.gtids);
  return executed.position() - beyond.without(beyond.written_by(history.writer)).count();
}

bool is_delayed(const ServerInfo& info) { return info.sql && info.sql->delay.count() > 0; }

bool follow_one_log(const ServerInfo& one, const ServerInfo& other) {
  if (!one.sql || !other.sql || !one.sql->by_position || !other.sql->by_position) return false;
  const ByPosition& first = *one.sql->by_position;
  const ByPosition& second = *other.sql->by_position;
  const bool known = !first.source.empty() && !second.source.empty();
  return one.master == other.master && (!known || first.source == second.source) &&
         first.received.is_in_log_of(second.received);
}

bool has_received_less(const History& history, const ServerInfo& one, const ServerInfo& other) {
  const auto most = received(history, other);
  const auto held = received(history, one);
  if (!most || !held) return most.has_value();
  if (follow_one_log(one, other)) return one.sql->by_position->received < other.sql->by_position->received;
  return held->offset < most->offset;
}

bool of_history(const ServerInfo& info, const JournalRecord& record) {
  if (info.sql) return info.sql->received.contains(parse_tips(record.replid));
  return !record.replid.empty() && (info.replid == record.replid || info.replid2 == record.replid);
}

bool holds_what_it_was_chosen_for(const ServerInfo& target, const JournalRecord& record) {
  if (!of_history(target, record)) return false;
  return target.sql || target.replid2 != record.replid || target.second_offset > record.offset;
}

bool left_history(const ServerInfo& info, const History& history) {
  if (!history.known()) return false;
  if (!info.sql) return info.replid2 == history.replid && info.offset >= info.second_offset;
  return info.sql->executed.contains(history.gtids) && !errant(history, info).written_by(info.run_id).empty();
}

bool goes_on_from(const ServerInfo& now, const ServerInfo& chosen) {
  if (now.run_id != chosen.run_id) return false;
  return now.sql ? now.sql->executed.contains(chosen.sql->received) : now.replid2 == chosen.replid;
}

bool has_a_tail(const ServerInfo& master, const ServerInfo& rogue) {
  if (rogue.sql || rogue.keys == 0) return false;
  if (rogue.replid == master.replid2) return rogue.offset >= master.second_offset;
  return rogue.replid != master.replid;
}

}  // namespace sengu::health
