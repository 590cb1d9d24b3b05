// The bytes of a journal slot: nothing that was changed is ever believed.
#include <doctest/doctest.h>

#include <boost/crc.hpp>

#include "health/journal/slot.hpp"

namespace sengu::health {
namespace {

JournalRecord sample() {
  JournalRecord record;
  record.group = "orders";
  record.epoch = 18446744073709551615ULL;
  record.phase = Phase::promoting;
  record.master = "a \"quoted\" name";
  record.server_id = std::string(40, 'a');
  record.replid = std::string(40, 'b');
  record.offset = 9007199254740993;  // not a double
  record.target = "node-2";
  record.fenced = true;
  record.past_servers = {"x", "y"};
  return record;
}

std::uint32_t crc_of(const SlotBytes& bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), 24);
  crc.process_bytes(bytes.data() + 28, slot_size - 28);
  return crc.checksum();
}

TEST_CASE("journal slot: round trip, to the last bit") {
  const auto slot = decode_slot(encode_slot(sample(), 77));
  CHECK(slot.state == SlotState::valid);
  CHECK(slot.sequence == 77);
  CHECK(slot.record == sample());
}

TEST_CASE("journal slot: zeros are empty") {
  CHECK(decode_slot(SlotBytes{}).state == SlotState::empty);
}

TEST_CASE("journal slot: a change of any byte is seen; the name survives what does not touch it") {
  const auto good = encode_slot(sample(), 1);
  for (std::size_t at = 0; at < slot_size; ++at) {
    for (const auto mask : {std::byte{0x01}, std::byte{0xff}}) {
      auto bytes = good;
      bytes[at] ^= mask;
      const auto slot = decode_slot(bytes);
      REQUIRE(slot.state == SlotState::corrupt);
      const bool name_hit = at >= 32 && at < slot_header_size;
      REQUIRE(slot.group.has_value() == !name_hit);
    }
  }
}

TEST_CASE("journal slot: a write torn at any byte is seen") {
  const auto older = encode_slot(sample(), 1);
  auto record = sample();
  record.epoch = 5;
  const auto newer = encode_slot(record, 3);
  for (std::size_t cut = 1; cut < slot_size; ++cut) {
    auto bytes = older;
    std::copy_n(newer.begin(), cut, bytes.begin());
    if (bytes == newer || bytes == older) continue;
    REQUIRE(decode_slot(bytes).state == SlotState::corrupt);
  }
}

TEST_CASE("journal slot: another version is told from a broken one by the checksum") {
  auto bytes = encode_slot(sample(), 1);
  bytes[8] = std::byte{9};
  CHECK(decode_slot(bytes).state == SlotState::corrupt);
  const auto crc = crc_of(bytes);
  for (std::size_t i = 0; i < 4; ++i) bytes[24 + i] = static_cast<std::byte>(crc >> (8 * i));
  const auto slot = decode_slot(bytes);
  CHECK(slot.state == SlotState::unknown_version);
  CHECK(slot.version == 9);
}

TEST_CASE("journal slot: the largest record fits") {
  JournalRecord record = sample();
  record.group = std::string(max_slot_name, 'g');
  record.master = record.target = std::string(250, 'm');
  record.past_servers.assign(max_past_servers, std::string(40, 'f'));
  CHECK(decode_slot(encode_slot(record, 1)).record == record);
}

}  // namespace
}  // namespace sengu::health
