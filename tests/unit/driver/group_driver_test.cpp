// The driver around the group: what it makes of a disk that hangs. Needs a redis-server.
#include <doctest/doctest.h>

#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "health/driver/group_driver.hpp"
#include "tests/support/claimed_block.hpp"
#include "tests/support/fake_server.hpp"
#include "tests/support/real_redis.hpp"

namespace sengu::health {
namespace {

using namespace std::chrono_literals;
using test::RealRedis;
using test::run_until;

/// A disk that does not come back from a write until it is let go.
struct HangingDisk {
  std::mutex mutex;
  std::condition_variable changed;
  bool hangs = true;
  void let_go() {
    const std::lock_guard lock(mutex);
    hangs = false;
    changed.notify_all();
  }
};

struct HangingFile final : JournalFile {
  explicit HangingFile(HangingDisk& d) : disk(d) {}
  std::vector<std::byte> read_all() override { return {}; }
  std::error_code reserve(std::uint64_t) override { return {}; }
  std::error_code write_at(std::uint64_t, std::span<const std::byte>) override { return {}; }
  std::error_code sync() override {
    std::unique_lock lock(disk.mutex);
    disk.changed.wait(lock, [this] { return !disk.hangs; });
    return {};
  }
  HangingDisk& disk;
};

struct Ports final : RoutePublisher, EventSink, MeasurementSink {
  explicit Ports(boost::asio::io_context& context) : io(context) {}
  void publish(GroupId, const Route& published, std::function<void()> acknowledged) override {
    route = published;
    boost::asio::post(io, std::move(acknowledged));
  }
  void emit(GroupId, const Event&) override {}
  void probed(GroupId, NodeId, const Observation&) override {}
  void timer_late(Duration) override {}
  boost::asio::io_context& io;
  Route route;
};

TEST_CASE("group driver: a journal that hangs is one that cannot be written") {
  boost::asio::io_context io;
  const RealRedis server(test::claimed_block() + ".1");
  config::GroupSettings settings;
  settings.name = "g";
  settings.nodes.push_back({});
  settings.nodes.back().name = "a";
  settings.nodes.back().address = settings.nodes.back().replication_address = server.endpoint();
  settings.health.interval = 50ms;

  const auto directory = std::filesystem::temp_directory_path() / ("sengu-driver-" + std::to_string(::getpid()));
  HangingDisk disk;
  Journal journal(directory, std::make_unique<HangingFile>(disk));
  Ports ports(io);
  GroupDriver driver({io, journal, ports, ports, ports},
                     ConfiguredGroup{GroupId{0}, std::make_shared<const config::GroupSettings>(settings)}, "test");
  driver.start(Time::clock::now());
  CHECK(run_until(
      io, [&] { return !driver.status().journal_ok; }, 5s));
  CHECK(ports.route.state != RouteState::open);
  disk.let_go();
  CHECK(run_until(
      io, [&] { return ports.route.state == RouteState::open; }, 5s));
  CHECK(driver.status().journal_ok);
  driver.stop();
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace sengu::health
