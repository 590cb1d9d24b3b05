// The journal's file: two slots in turn, each write at once or torn by a crash; a disk may be full. The bytes are those
// of health/journal/slot.
#pragma once

#include <array>

#include "health/journal/slot.hpp"
#include "tests/sim/random.hpp"

namespace sengu::sim {

class Disk {
 public:
  bool full = false;

  /// False: nothing was written.
  bool write(const health::JournalRecord& record) {
    if (full) return false;
    slots_[next()] = health::encode_slot(record, ++sequence_);
    return true;
  }
  /// The machine stopped in the middle of it: a part is there.
  void tear(const health::JournalRecord& record, Random& random) {
    if (full) return;
    const auto bytes = health::encode_slot(record, ++sequence_);
    const auto part = random.next() % bytes.size();
    std::copy_n(bytes.begin(), part, slots_[next()].begin());
  }
  void damage(Random& random) {
    for (auto& slot : slots_) slot[random.next() % slot.size()] ^= std::byte{0x40};
  }
  void erase() { slots_ = {}; }

  struct Found {
    std::optional<health::JournalRecord> record;
    bool damaged = false;
  };
  Found read() const {
    Found found;
    std::uint64_t newest = 0;
    for (const auto& bytes : slots_) {
      const auto slot = health::decode_slot(bytes);
      if (slot.state == health::SlotState::corrupt) found.damaged = true;
      if (slot.state != health::SlotState::valid || slot.sequence < newest) continue;
      newest = slot.sequence;
      found.record = slot.record;
    }
    if (found.record) found.damaged = false;
    return found;
  }

 private:
  /// The slot that does not hold the newest record.
  std::size_t next() const {
    const auto first = health::decode_slot(slots_[0]);
    const auto second = health::decode_slot(slots_[1]);
    if (first.state != health::SlotState::valid) return 0;
    if (second.state != health::SlotState::valid) return 1;
    return first.sequence < second.sequence ? 0 : 1;
  }

  std::array<health::SlotBytes, 2> slots_{};
  std::uint64_t sequence_ = 0;
};

}  // namespace sengu::sim
