// Why does the journal's master take no writes although it follows nothing? MySQL and MariaDB only (RULES §4.5). Pure.
#pragma once

#include "health/core/knowledge/knowledge.hpp"

namespace sengu::health {

enum class ReadOnly : std::uint8_t {
  no,         // as last seen it takes writes, or has a source, or is not the journal's server; or speaks Redis
  restarted,  // this process was never seen as the master: it came up so by its configuration
  ours,       // a failover that came to nothing may have fenced it
  by_hand,    // this process was the master, and a person set read_only on it
};

/// As the journal's master was last seen; it may have died since.
ReadOnly read_only_master(const Knowledge& knowledge);

/// It is kept as it is for now: a person's wish, or a fence of ours that is yet to be undone.
constexpr bool is_kept(ReadOnly why) { return why == ReadOnly::by_hand || why == ReadOnly::ours; }

/// The master answers, and a person keeps it read-only.
bool lives_read_only_by_hand(const Knowledge& knowledge);

/// The process is old enough to be known by the second of its start: none that was started before it has the same.
bool is_known_by_its_start(const SqlInfo& sql);

}  // namespace sengu::health
