// The bytes of a journal slot: nothing that was changed is ever believed.
#include <algorithm>
#include <string_view>

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
  record.server_started = std::chrono::seconds(1'800'000'000);
  record.past_servers = {"x", "y"};
  return record;
}

std::uint32_t crc_of(const SlotBytes& bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), 24);
  crc.process_bytes(bytes.data() + 28, slot_size - 28);
  return crc.checksum();
}

void put(SlotBytes& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < sizeof value; ++i) bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
}

/// A whole slot with this payload, whatever it says.
SlotBytes slot_with(std::string_view payload) {
  auto bytes = encode_slot(sample(), 7);
  std::fill(bytes.begin() + slot_header_size, bytes.end(), std::byte{0});
  std::transform(payload.begin(), payload.end(), bytes.begin() + slot_header_size,
                 [](char c) { return static_cast<std::byte>(c); });
  put(bytes, 12, static_cast<std::uint32_t>(payload.size()));
  put(bytes, 24, crc_of(bytes));
  return bytes;
}

TEST_CASE("journal slot: round trip, to the last bit") {
  const auto slot = decode_slot(encode_slot(sample(), 77));
  CHECK(slot.state == SlotState::valid);
  CHECK(slot.sequence == 77);
  CHECK(slot.record == sample());
}

TEST_CASE("journal slot: zeros are empty") { CHECK(decode_slot(SlotBytes{}).state == SlotState::empty); }

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
  put(bytes, 24, crc_of(bytes));
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

TEST_CASE(
    "journal slot: a field that is missing takes its default, unless the record would name no group, epoch or server") {
  const auto slot = decode_slot(slot_with(R"({"group":"orders","epoch":3})"));
  CHECK(slot.state == SlotState::valid);
  JournalRecord expected;
  expected.group = "orders";
  expected.epoch = 3;
  CHECK(slot.record == expected);
  CHECK(decode_slot(slot_with(R"({"epoch":3})")).state == SlotState::corrupt);
  CHECK(decode_slot(slot_with(R"({"group":"orders"})")).state == SlotState::corrupt);
  CHECK(decode_slot(slot_with(R"({"group":"orders","epoch":3,"master":"a"})")).state == SlotState::corrupt);
  CHECK(decode_slot(slot_with(R"({"group":"orders","epoch":3,"fenced":"yes"})")).state == SlotState::corrupt);
}

TEST_CASE("journal slot: what a newer sengu added is kept and written back") {
  const auto slot = decode_slot(
      slot_with(R"({"group":"orders","epoch":3,"hold":{"until":17},"master":"a","server_id":"r","drained":["b"]})"));
  REQUIRE(slot.state == SlotState::valid);
  CHECK(slot.record.master == "a");
  CHECK(slot.record.unread == R"({"hold":{"until":17},"drained":["b"]})");
  CHECK(decode_slot(encode_slot(slot.record, 8)).record == slot.record);
  auto full = slot.record;
  full.replid = std::string(max_slot_payload - 150, 'x');  // no room for what was kept: the record itself comes first
  const auto again = decode_slot(encode_slot(full, 9));
  CHECK(again.record.replid == full.replid);
  CHECK(again.record.unread.empty());
}

TEST_CASE("journal slot: a phase that only a newer sengu knows is not taken for damage") {
  const auto slot = decode_slot(slot_with(R"({"group":"orders","epoch":3,"phase":"planned"})"));
  CHECK(slot.state == SlotState::unknown_phase);
  CHECK(slot.phase == "planned");
  CHECK(slot.record.group == "orders");
  CHECK(slot.sequence == 7);
}

TEST_CASE("journal slot: of more past servers than fit the newest are read") {
  std::string list;
  for (int i = 0; i < 40; ++i) list += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\"";
  const auto slot = decode_slot(slot_with(R"({"group":"orders","epoch":3,"past_servers":[)" + list + "]}"));
  REQUIRE(slot.record.past_servers.size() == max_past_servers);
  CHECK(slot.record.past_servers.front() == "8");
  CHECK(slot.record.past_servers.back() == "39");
}

}  // namespace
}  // namespace sengu::health
