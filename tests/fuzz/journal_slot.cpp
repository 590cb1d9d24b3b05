// Any bytes as a journal slot. The first byte says how much of the frame is made good, or the checksum would keep the
// fuzzer out of the record: 0 nothing, 1 the checksum, else the magic, the version and the length too.
#include "health/journal/slot.hpp"

#include <algorithm>
#include <cstring>

#include <boost/crc.hpp>
#include <boost/json.hpp>

#include "tests/fuzz/input.hpp"

namespace {

using namespace sengu;
using namespace sengu::health;

void put(SlotBytes& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < sizeof value; ++i) bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
}

void make_sum_good(SlotBytes& bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), 24);
  crc.process_bytes(bytes.data() + 28, slot_size - 28);
  put(bytes, 24, crc.checksum());
}

bool fits(const JournalRecord& record) {
  return record.group.size() <= max_slot_name && record.past_servers.size() <= max_past_servers;
}

bool has_fraction(const boost::json::value& value) {
  if (const auto* list = value.if_array()) return std::any_of(list->begin(), list->end(), has_fraction);
  if (const auto* object = value.if_object())
    return std::any_of(object->begin(), object->end(), [](const auto& field) { return has_fraction(field.value()); });
  return value.is_double();
}

/// Of a number with a fraction, or beyond 64 bits, Boost.JSON may lose the last digit in a field that is only kept.
bool is_kept(JournalRecord written, const JournalRecord& read) {
  if (!written.unread.empty() && has_fraction(boost::json::parse(written.unread))) written.unread = read.unread;
  return written == read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned char frame = data[0];
  const auto given = fuzz::text_of(data + 1, size - 1);
  SlotBytes bytes{};
  if (frame < 2) {
    std::memcpy(bytes.data(), given.data(), std::min(given.size(), slot_size));
  } else {
    const auto length = std::min(given.size(), max_slot_payload);
    std::memcpy(bytes.data(), "SENGUJNL", 8);
    put(bytes, 8, slot_version);
    put(bytes, 12, static_cast<std::uint32_t>(length));
    std::memcpy(bytes.data() + slot_header_size, given.data(), length);
  }
  if (frame != 0) make_sum_good(bytes);

  const auto slot = decode_slot(bytes);
  // A record written by hand may be one that does not fit; and escapes may make its JSON longer than it came.
  if (slot.state != SlotState::valid || !fits(slot.record) || size > max_slot_payload / 6) return 0;
  const auto again = decode_slot(encode_slot(slot.record, slot.sequence));
  fuzz::must_hold({"a record survives being written"},
                  again.state == SlotState::valid && is_kept(slot.record, again.record));
  return 0;
}
