// The journal over real files, and over one that fails on command.
#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>

#include <boost/crc.hpp>

#include "health/journal/journal.hpp"
#include "health/journal/slot.hpp"
#include "tests/support/fake_server.hpp"  // run_until
#include "tests/support/source_dir.hpp"

namespace sengu::health {
namespace {

namespace fs = std::filesystem;
using test::run_until;

struct TemporaryDirectory {
  fs::path path;
  TemporaryDirectory() {
    char pattern[] = "/tmp/sengu-journal-XXXXXX";
    path = ::mkdtemp(pattern);
  }
  ~TemporaryDirectory() { fs::remove_all(path); }
  fs::path state() const { return path / "state"; }
};

JournalRecord record(const std::string& group, Epoch epoch) {
  JournalRecord r;
  r.group = group;
  r.epoch = epoch;
  r.master = "m";
  return r;
}

bool write(Journal& journal, const JournalRecord& r) {
  boost::asio::io_context io;
  std::optional<bool> result;
  journal.write(
      r, [&](bool ok) { result = ok; }, io);
  io.run();  // the work guard keeps it running until the answer
  REQUIRE(result);
  return *result;
}

void damage(const fs::path& state, std::size_t slot, std::size_t at) {
  std::fstream file(state / "journal", std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(slot * slot_size + at));
  const auto byte = static_cast<char>(file.get() ^ 0x5a);
  file.seekp(static_cast<std::streamoff>(slot * slot_size + at));
  file.put(byte);
}

/// Two writes of group "g" into slots 0 and 1: epochs 1 and 2.
void write_two(const fs::path& state) {
  Journal journal(state);
  REQUIRE(write(journal, record("g", 1)));
  REQUIRE(write(journal, record("g", 2)));
}

/// In memory; fails where told to.
struct FaultyFile final : JournalFile {
  struct Faults {
    std::atomic<bool> write{false}, sync{false}, reserve{false};
    std::atomic<int> syncs{0};
  };
  explicit FaultyFile(Faults& f) : faults(f) {}
  std::vector<std::byte> read_all() override { return {}; }
  std::error_code reserve(std::uint64_t) override { return error(faults.reserve, std::errc::no_space_on_device); }
  std::error_code write_at(std::uint64_t, std::span<const std::byte>) override {
    return error(faults.write, std::errc::no_space_on_device);
  }
  std::error_code sync() override {
    ++faults.syncs;
    return error(faults.sync, std::errc::io_error);
  }
  static std::error_code error(bool failing, std::errc code) {
    return failing ? std::make_error_code(code) : std::error_code{};
  }
  Faults& faults;
};

void make_sum_good(SlotBytes& bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), 24);
  crc.process_bytes(bytes.data() + 28, slot_size - 28);
  for (std::size_t i = 0; i < 4; ++i) bytes[24 + i] = static_cast<std::byte>(crc.checksum() >> (8 * i));
}

TEST_CASE("journal: round trip over a restart, several groups, the newest counts") {
  TemporaryDirectory directory;
  {
    Journal journal(directory.state());
    CHECK(journal.records().empty());
    for (Epoch epoch = 1; epoch <= 5; ++epoch) CHECK(write(journal, record("a", epoch)));
    CHECK(write(journal, record("b", 40)));
  }
  {
    Journal journal(directory.state());
    REQUIRE(journal.records().size() == 2);
    CHECK(journal.records().at("a") == record("a", 5));
    CHECK(journal.records().at("b") == record("b", 40));
    CHECK(journal.damaged().empty());
    CHECK(write(journal, record("a", 6)));
    CHECK(write(journal, record("c", 1)));
  }
  Journal journal(directory.state());
  CHECK(journal.records().at("a").epoch == 6);
  CHECK(journal.records().at("b").epoch == 40);
  CHECK(journal.records().at("c").epoch == 1);
}

TEST_CASE("journal: the directory is ours alone and the file preallocated") {
  TemporaryDirectory directory;
  Journal journal(directory.state());
  CHECK(write(journal, record("a", 1)));
  struct stat status {};
  REQUIRE(::stat(directory.state().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  CHECK(fs::file_size(directory.state() / "journal") == 64 * 2 * slot_size);
}

TEST_CASE("journal: more groups than were preallocated") {
  TemporaryDirectory directory;
  {
    Journal journal(directory.state());
    for (int i = 0; i < 70; ++i) CHECK(write(journal, record("g" + std::to_string(i), 1)));
  }
  CHECK(Journal(directory.state()).records().size() == 70);
}

TEST_CASE("journal: a torn newest slot leaves the record before it, and is written over next") {
  TemporaryDirectory directory;
  write_two(directory.state());
  damage(directory.state(), 1, 400);
  {
    Journal journal(directory.state());
    CHECK(journal.records().at("g").epoch == 1);
    CHECK(journal.damaged().empty());
    CHECK(write(journal, record("g", 3)));
  }
  Journal journal(directory.state());
  CHECK(journal.records().at("g").epoch == 3);
}

TEST_CASE("journal: both slots bad is reported, by name where it can be read; a write repairs it") {
  TemporaryDirectory directory;
  write_two(directory.state());
  std::string expected = "g";
  damage(directory.state(), 0, 400);
  damage(directory.state(), 1, 20);
  SUBCASE("named") {}
  SUBCASE("nameless") {
    damage(directory.state(), 0, 40);
    damage(directory.state(), 1, 40);
    expected = Journal::unknown_group;
  }
  {
    Journal journal(directory.state());
    CHECK(journal.records().empty());
    CHECK(journal.damaged() == std::set<std::string>{expected});
    CHECK(write(journal, record("g", 9)));
  }
  Journal journal(directory.state());
  CHECK(journal.records().at("g").epoch == 9);
  CHECK(journal.damaged().empty());
}

TEST_CASE("journal: a file cut short") {
  TemporaryDirectory directory;
  write_two(directory.state());
  fs::resize_file(directory.state() / "journal", slot_size + 300);
  Journal journal(directory.state());
  CHECK(journal.records().at("g").epoch == 1);
}

TEST_CASE("journal: a second one on the directory is refused and names the first") {
  TemporaryDirectory directory;
  Journal journal(directory.state());
  try {
    Journal second(directory.state());
    FAIL("not refused");
  } catch (const StateDirInUse& in_use) {
    CHECK(in_use.pid() == ::getpid());
    CHECK(std::string(in_use.what()).find(std::to_string(::getpid())) != std::string::npos);
  }
}

TEST_CASE("journal: another version of the format is a clear error") {
  TemporaryDirectory directory;
  write_two(directory.state());
  auto bytes = encode_slot(record("g", 1), 1);
  bytes[8] = std::byte{2};
  make_sum_good(bytes);
  {
    std::fstream file(directory.state() / "journal", std::ios::in | std::ios::out | std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), slot_size);
  }
  CHECK_THROWS_WITH_AS(Journal{directory.state()}, doctest::Contains("version 2"), std::runtime_error);
}

TEST_CASE("journal: one that sengu 0.1.0 wrote opens, with its masters and epochs") {
  TemporaryDirectory directory;
  std::filesystem::create_directory(directory.state());
  std::filesystem::copy(test::source_dir() + "/tests/unit/data/journal-0.1.0", directory.state() / "journal");
  Journal journal(directory.state());
  CHECK(journal.damaged().empty());
  REQUIRE(journal.records().size() == 2);
  const JournalRecord& redis = journal.records().at("sessions");
  CHECK(redis.epoch == 2);
  CHECK(redis.phase == Phase::steady);
  CHECK(redis.master == "127.77.0.12:6379");
  CHECK(redis.server_id == "9651851eef959358077e6ecb31ef45bdd1f7ea00");
  CHECK(redis.replid == "7d0aa5d90dd4fb40d188dd57cfd8af6ff337b640");
  CHECK(redis.offset == 14658);
  CHECK(redis.past_servers.size() == 2);
  const JournalRecord& mysql = journal.records().at("orders");
  CHECK(mysql.epoch == 2);
  CHECK(mysql.master == "127.77.0.22:3306");
  CHECK(mysql.replid == "5892ad67-ed40-11f1-bf84-02fc00000001:303");
  CHECK(mysql.unread.empty());
}

TEST_CASE("journal: a phase of a newer sengu is a clear error, unless a record that is newer still is known") {
  TemporaryDirectory directory;
  write_two(directory.state());
  auto bytes = encode_slot(record("g", 1), 5);
  const std::string payload = R"({"group":"g","epoch":3,"phase":"planned"})";
  std::fill(bytes.begin() + slot_header_size, bytes.end(), std::byte{0});
  std::transform(payload.begin(), payload.end(), bytes.begin() + slot_header_size,
                 [](char c) { return static_cast<std::byte>(c); });
  bytes[12] = static_cast<std::byte>(payload.size());
  bytes[13] = std::byte{0};
  const auto put = [&](std::uint64_t sequence) {
    bytes[16] = static_cast<std::byte>(sequence);
    make_sum_good(bytes);
    std::fstream file(directory.state() / "journal", std::ios::in | std::ios::out | std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), slot_size);
  };
  put(5);
  CHECK_THROWS_WITH_AS(Journal{directory.state()},
                       doctest::Contains("phase \"planned\", which this sengu does not know"), std::runtime_error);
  put(1);
  CHECK(Journal(directory.state()).records().at("g").epoch == 2);
}

TEST_CASE("journal: a directory that cannot be made is a clear error") {
  CHECK_THROWS_WITH_AS(Journal{"/proc/sengu"}, doctest::Contains("/proc/sengu"), std::system_error);
}

TEST_CASE("journal: what cannot be written says so, and the next write tries again") {
  TemporaryDirectory directory;
  FaultyFile::Faults faults;
  Journal journal(directory.state(), std::make_unique<FaultyFile>(faults));
  for (auto* fault : {&faults.reserve, &faults.write, &faults.sync}) {
    *fault = true;
    CHECK_FALSE(write(journal, record("g", 1)));
    *fault = false;
    CHECK(write(journal, record("g", 2)));
  }
}

TEST_CASE("journal: a failed write never touches the newest good slot") {
  TemporaryDirectory directory;
  struct TearingFile final : JournalFile {
    explicit TearingFile(const fs::path& path) : file(path) {}
    std::vector<std::byte> read_all() override { return file.read_all(); }
    std::error_code reserve(std::uint64_t bytes) override { return file.reserve(bytes); }
    std::error_code write_at(std::uint64_t at, std::span<const std::byte> bytes) override {
      static_cast<void>(file.write_at(at, bytes.first(300)));
      return std::make_error_code(std::errc::io_error);
    }
    std::error_code sync() override { return file.sync(); }
    PosixJournalFile file;
  };
  write_two(directory.state());
  {
    Journal journal(directory.state(), std::make_unique<TearingFile>(directory.state() / "journal"));
    for (Epoch epoch = 3; epoch < 6; ++epoch) CHECK_FALSE(write(journal, record("g", epoch)));
  }
  CHECK(Journal(directory.state()).records().at("g").epoch == 2);
}

TEST_CASE("journal: a full device (/dev/full)") {
  PosixJournalFile full("/dev/full");
  const auto bytes = encode_slot(record("g", 1), 1);
  CHECK(full.write_at(0, bytes) == std::errc::no_space_on_device);
}

TEST_CASE("journal: a thousand writes of ten groups are committed together") {
  TemporaryDirectory directory;
  boost::asio::io_context io;
  FaultyFile::Faults faults;
  int good = 0;
  {
    Journal journal(directory.state(), std::make_unique<FaultyFile>(faults));
    for (Epoch i = 1; i <= 1000; ++i) {
      journal.write(
          record("g" + std::to_string(i % 10), i), [&](bool ok) { good += ok ? 1 : 0; }, io);
    }
  }
  io.run();
  CHECK(good == 1000);
  CHECK(faults.syncs < 1000);
  MESSAGE("fdatasync calls: ", faults.syncs.load());
}

TEST_CASE("journal: a thousand writes to the disk, and what is left is the newest") {
  TemporaryDirectory directory;
  boost::asio::io_context io;
  std::vector<Epoch> order;
  {
    Journal journal(directory.state());
    for (Epoch i = 1; i <= 1000; ++i) {
      journal.write(
          record("g" + std::to_string(i % 10), i),
          [&, i](bool ok) {
            if (ok) order.push_back(i);
          },
          io);
    }
  }
  io.run();
  REQUIRE(order.size() == 1000);
  CHECK(std::is_sorted(order.begin(), order.end()));
  Journal journal(directory.state());
  for (Epoch i = 991; i <= 1000; ++i) CHECK(journal.records().at("g" + std::to_string(i % 10)).epoch == i);
}

}  // namespace
}  // namespace sengu::health
