#include "health/journal/slot.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include <boost/crc.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "config/base/assert.hpp"

namespace sengu::health {

namespace json = boost::json;

namespace {

constexpr std::string_view magic = "SENGUJNL";
constexpr std::size_t version_at = 8, length_at = 12, sequence_at = 16, crc_at = 24, name_crc_at = 32,
                      name_length_at = 36, name_at = 38;
static_assert(name_at + max_slot_name == slot_header_size);

// Names of the file format, not to_string(Phase): rewording a text must not change what an older journal means.
constexpr std::array<std::string_view, 3> phases{"steady", "switching", "promoting"};

using Bytes = std::span<const std::byte, slot_size>;

template <typename Number>
void put(SlotBytes& bytes, std::size_t at, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i) bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
}

template <typename Number>
Number get(Bytes bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) value |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
  return static_cast<Number>(value);
}

std::string_view text(Bytes bytes, std::size_t at, std::size_t length) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, length};
}

/// CRC-32 of everything but the CRC itself.
std::uint32_t slot_crc(Bytes bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), crc_at);
  crc.process_bytes(bytes.data() + crc_at + 4, slot_size - crc_at - 4);
  return crc.checksum();
}

std::uint32_t name_crc(Bytes bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data() + name_length_at, slot_header_size - name_length_at);
  return crc.checksum();
}

constexpr std::array<std::string_view, 13> fields{"group",        "epoch",        "phase",  "master", "server_id",
                                                  "replid",       "offset",       "target", "fenced", "server_started",
                                                  "past_servers", "past_replids", "copies"};

json::array to_array(const std::vector<std::string>& texts) {
  json::array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

json::array to_array(const std::vector<HeldCopy>& copies) {
  json::array array;
  for (const auto& copy : copies) {
    json::object one{{"node", copy.node}, {"server_id", copy.server_id}, {"keys", copy.keys}, {"offset", copy.offset}};
    if (copy.growth) one.emplace("growth", *copy.growth);
    array.push_back(std::move(one));
  }
  return array;
}

json::object to_object(const JournalRecord& record) {
  return {{"group", record.group},
          {"epoch", record.epoch},
          {"phase", phases.at(static_cast<std::size_t>(record.phase))},
          {"master", record.master},
          {"server_id", record.server_id},
          {"replid", record.replid},
          {"offset", record.offset},
          {"target", record.target},
          {"fenced", record.fenced},
          {"past_servers", to_array(record.past_servers)}};
}

std::string to_json(const JournalRecord& record) {
  json::object object = to_object(record);
  auto text = json::serialize(object);
  /// Adds the fields as long as there is room.
  const auto add = [&](const json::object& more) {
    for (const auto& field : more) object.insert(field);
    auto longer = json::serialize(object);
    if (longer.size() <= max_slot_payload) return text.swap(longer);
    for (const auto& field : more) object.erase(field.key());
  };
  if (record.server_started.count() != 0) add({{"server_started", record.server_started.count()}});
  if (!record.past_replids.empty()) add({{"past_replids", to_array(record.past_replids)}});
  if (!record.copies.empty()) add({{"copies", to_array(record.copies)}});
  if (!record.unread.empty()) add(json::parse(record.unread).as_object());
  return text;
}

std::string string_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr ? std::string(value->as_string()) : std::string();
}

/// The last of a list.
std::vector<std::string> newest(const json::object& object, std::string_view key, std::size_t most) {
  std::vector<std::string> texts;
  const auto* list = object.if_contains(key);
  if (list == nullptr) return texts;
  for (const auto& text : list->as_array()) texts.emplace_back(text.as_string());
  if (texts.size() > most) texts.erase(texts.begin(), texts.end() - static_cast<std::ptrdiff_t>(most));
  return texts;
}

std::vector<HeldCopy> copies_of(const json::object& object) {
  std::vector<HeldCopy> copies;
  const auto* list = object.if_contains("copies");
  if (list == nullptr) return copies;
  for (const auto& one : list->as_array()) {
    const auto& copy = one.as_object();
    HeldCopy& held = copies.emplace_back(HeldCopy{string_of(copy, "node"), string_of(copy, "server_id"),
                                                  copy.at("keys").to_number<std::uint64_t>(),
                                                  copy.at("offset").to_number<std::int64_t>()});
    if (const auto* growth = copy.if_contains("growth")) held.growth = growth->to_number<std::uint64_t>();
  }
  return copies;
}

std::string unread_fields(const json::object& object) {
  json::object unread;
  for (const auto& field : object) {
    if (std::find(fields.begin(), fields.end(), field.key()) == fields.end()) unread.insert(field);
  }
  return unread.empty() ? std::string() : json::serialize(unread);
}

/// Reads all fields but the phase. Throws where a field is of another type, or where the group, the epoch or the id of
/// a named master is missing: without these the payload is no record, and would name no server. Any other field that is
/// missing takes its default.
JournalRecord from_object(const json::object& object) {
  JournalRecord record;
  record.group = object.at("group").as_string();
  record.epoch = object.at("epoch").to_number<Epoch>();
  record.master = string_of(object, "master");
  if (!record.master.empty()) object.at("server_id");
  record.server_id = string_of(object, "server_id");
  record.replid = string_of(object, "replid");
  if (const auto* offset = object.if_contains("offset")) record.offset = offset->to_number<std::int64_t>();
  record.target = string_of(object, "target");
  if (const auto* fenced = object.if_contains("fenced")) record.fenced = fenced->as_bool();
  if (const auto* started = object.if_contains("server_started"))
    record.server_started = std::chrono::seconds(started->to_number<std::int64_t>());
  record.past_servers = newest(object, "past_servers", max_past_servers);
  record.past_replids = newest(object, "past_replids", max_past_replids);
  record.copies = copies_of(object);
  record.unread = unread_fields(object);
  return record;
}

/// Reads the record into the slot. Throws where it is none.
void read_record(Slot& slot, std::string_view payload) {
  const auto value = json::parse(payload);
  const auto& object = value.as_object();
  slot.record = from_object(object);
  slot.state = SlotState::valid;
  const auto name = object.contains("phase") ? string_of(object, "phase") : std::string(phases.front());
  const auto phase = std::find(phases.begin(), phases.end(), name);
  if (phase != phases.end()) {
    slot.record.phase = static_cast<Phase>(phase - phases.begin());
  } else {
    slot.state = SlotState::unknown_phase;
    slot.phase = name;
  }
}

std::optional<std::string> readable_name(Bytes bytes) {
  const auto length = get<std::uint16_t>(bytes, name_length_at);
  if (length > max_slot_name || get<std::uint32_t>(bytes, name_crc_at) != name_crc(bytes)) return std::nullopt;
  return std::string(text(bytes, name_at, length));
}

Slot corrupt_slot(Bytes bytes) {
  Slot slot;
  slot.state = SlotState::corrupt;
  slot.group = readable_name(bytes);
  return slot;
}

}  // namespace

SlotBytes encode_slot(const JournalRecord& record, std::uint64_t sequence) {
  const auto payload = to_json(record);
  SENGU_ASSERT(record.group.size() <= max_slot_name);
  SENGU_ASSERT(record.past_servers.size() <= max_past_servers);
  SENGU_ASSERT(payload.size() <= max_slot_payload);
  SlotBytes bytes{};
  std::memcpy(bytes.data(), magic.data(), magic.size());
  put(bytes, version_at, slot_version);
  put(bytes, length_at, static_cast<std::uint32_t>(payload.size()));
  put(bytes, sequence_at, sequence);
  put(bytes, name_length_at, static_cast<std::uint16_t>(record.group.size()));
  std::memcpy(bytes.data() + name_at, record.group.data(), record.group.size());
  put(bytes, name_crc_at, name_crc(bytes));
  std::memcpy(bytes.data() + slot_header_size, payload.data(), payload.size());
  put(bytes, crc_at, slot_crc(bytes));
  return bytes;
}

Slot decode_slot(Bytes bytes) {
  if (std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; })) return {};
  if (text(bytes, 0, magic.size()) != magic || get<std::uint32_t>(bytes, crc_at) != slot_crc(bytes)) {
    return corrupt_slot(bytes);
  }
  Slot slot;
  slot.version = get<std::uint32_t>(bytes, version_at);
  if (slot.version != slot_version) {
    slot.state = SlotState::unknown_version;
    return slot;
  }
  const auto length = get<std::uint32_t>(bytes, length_at);
  if (length > max_slot_payload) return corrupt_slot(bytes);
  try {
    read_record(slot, text(bytes, slot_header_size, length));
  } catch (const std::exception&) {
    return corrupt_slot(bytes);
  }
  slot.sequence = get<std::uint64_t>(bytes, sequence_at);
  return slot;
}

}  // namespace sengu::health
