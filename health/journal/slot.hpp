// The bytes of one journal slot: a JournalRecord with a sequence number, checksummed (RULES §7). Pure: knows no file.
//
//   0  magic "SENGUJNL"      12  u32 payload length     32  u32 CRC of the name area     288  payload: the record as
//   JSON 8  u32 version           16  u64 sequence           36  u16 name length
//                            24  u32 CRC of the slot    38  the group's name
// Numbers are little-endian. The CRC at 24 covers all 4096 bytes but itself. The name has a CRC of its own, so that a
// slot with a broken record can still tell its group. Magic, version and CRC stay where they are in every version.
// Fields may be added to the record without another version: a missing field takes its default, an unknown field is
// kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "health/model/journal_record.hpp"

namespace sengu::health {

constexpr std::size_t slot_size = 4096;
constexpr std::size_t slot_header_size = 288;
constexpr std::size_t max_slot_payload = slot_size - slot_header_size;
constexpr std::size_t max_slot_name = 250;
constexpr std::size_t max_past_servers = 32;
constexpr std::size_t max_past_replids = 16;
constexpr std::uint32_t slot_version = 1;

using SlotBytes = std::array<std::byte, slot_size>;

enum class SlotState : std::uint8_t {
  empty,  // all zero: never written
  valid,
  corrupt,
  unknown_version,  // whole, but of another version of the format
  unknown_phase,    // whole, and its record is in a phase that only a newer sengu knows
};

struct Slot {
  SlotState state = SlotState::empty;
  std::uint32_t version = 0;  // of valid, unknown_version and unknown_phase
  /// Of valid and unknown_phase. Of a group's two slots the one with the higher sequence counts.
  std::uint64_t sequence = 0;
  JournalRecord record;              // of valid; of unknown_phase all but the phase
  std::string phase;                 // of unknown_phase: its name
  std::optional<std::string> group;  // of corrupt: the group's name, where it can still be read
};

/// Asserts that the record fits: group at most max_slot_name bytes, past_servers at most max_past_servers, and the JSON
/// without `unread` at most max_slot_payload (names are bounded by the configuration, ids by the servers' protocol).
/// server_started, past_replids, copies and `unread`, in this order, are left out where there is no room for them.
SlotBytes encode_slot(const JournalRecord& record, std::uint64_t sequence);

/// Reads any bytes without harm.
Slot decode_slot(std::span<const std::byte, slot_size> bytes);

}  // namespace sengu::health
