#include "proxy/app/app.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "health/driver/group_driver.hpp"
#include "health/net/tls.hpp"
#include "proxy/admin/server.hpp"
#include "proxy/app/exit_code.hpp"
#include "proxy/app/file_budget.hpp"
#include "proxy/app/shutdown.hpp"
#include "proxy/app/start_summary.hpp"
#include "proxy/dataplane/data_plane.hpp"
#include "proxy/dataplane/pulse.hpp"
#include "proxy/events/log.hpp"
#include "proxy/events/measurements.hpp"
#include "proxy/http/server.hpp"

namespace sengu::proxy {
namespace {

using namespace std::chrono_literals;
using config::LogLevel;
using health::GroupId;
using health::NodeId;

/// A file that the configuration names cannot be used; `check` finds this too.
struct ConfigurationError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class App final : public Operations, private health::EventSink {
 public:
  explicit App(std::shared_ptr<const config::Settings> settings)
      : settings_(std::move(settings)), configured_(health::hand_out_ids(settings_)), log_(settings_->log),
        measurements_(configured_.size()), journal_(settings_->proxy.state_dir),
        files_(share_out(raise_file_limit(), *settings_, worker_count(settings_->proxy))),
        data_plane_(control_, *settings_, configured_, files_.plane, data_plane_callbacks()),
        pulse_(control_, pulse_listener()), signals_(control_, SIGTERM, SIGINT, SIGHUP),
        shutdown_(control_, settings_->proxy, log_, steps_of_shutdown()),
        summary_(control_, log_, configured_, [this](GroupId group) { return groups_[index(group)]->status(); }) {}

  void run() {
    warn_of_file_limit();
    data_plane_.bind();
    admin_ = std::make_unique<AdminServer>(control_, *this, AdminBounds{files_.admin_clients});
    http_ = std::make_unique<HttpServer>(control_, *this, files_.http_clients);
    // First the routes, then the workers: clients that come back at a restart wait where the journal knows a master,
    // and would be refused under the first table, which knows none.
    start_groups();
    pulse_.start();
    data_plane_.start();
    wait_for_signal();
    summary_.begin();
    log_.log_line(LogLevel::info,
                  fmt::format("sengu {} started: {} group(s), admin {}, http {}", SENGU_VERSION, configured_.size(),
                              to_string(admin_->bound()), to_string(http_->bound())));
    control_.run();
  }

  GroupView view(GroupId group) override;
  Snapshot header() override;
  Readiness readiness() override;
  const EventHistory& events() const override { return history_; }
  EventHistory& events() override { return history_; }
  const config::Settings& settings() const override { return *settings_; }
  const health::ConfiguredGroups& groups() const override { return configured_; }
  void submit(GroupId group, const health::Wish& wish, Done done) override {
    groups_[index(group)]->submit(wish, std::move(done));
  }

 private:
  Callbacks data_plane_callbacks();
  Pulse::Listener pulse_listener();
  void warn_of_file_limit();
  health::CrashPoint crash_point();
  std::unique_ptr<health::GroupDriver> make_driver(const health::DriverPorts& ports,
                                                   const health::ConfiguredGroup& group);
  void start_groups();
  void emit(GroupId group, const health::Event& event) override;
  void wait_for_signal();
  Shutdown::Steps steps_of_shutdown();
  void end();

  const config::GroupSettings& settings_of(GroupId group) const { return *configured_[index(group)].settings; }

  const std::shared_ptr<const config::Settings> settings_;
  const health::ConfiguredGroups configured_;
  boost::asio::io_context control_{1};
  Log log_;
  EventHistory history_;
  Measurements measurements_;
  health::Journal journal_;
  const FileBudget files_;
  DataPlane data_plane_;
  Pulse pulse_;
  std::vector<std::unique_ptr<health::GroupDriver>> groups_;  // by GroupId
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<HttpServer> http_;
  boost::asio::signal_set signals_;
  Shutdown shutdown_;
  StartSummary summary_;
};

Callbacks App::data_plane_callbacks() {
  Callbacks callbacks;
  callbacks.connect_failed = [this](GroupId group, NodeId node) {
    if (shutdown_.life() != Shutdown::Life::ended) groups_[index(group)]->connect_failed(node);
  };
  callbacks.session_ended = [this](const SessionRecord& ended) {
    const config::GroupSettings& group = settings_of(ended.group);
    LoggedSession line;
    line.client = ended.client;
    line.group = group.name;
    if (ended.node) line.node = group.nodes[index(*ended.node)].name;
    line.bytes_client_to_server = ended.bytes_from_client;
    line.bytes_server_to_client = ended.bytes_from_server;
    line.duration = std::chrono::duration_cast<Milliseconds>(ended.duration);
    line.end = ended.end;
    line.reason = ended.reason;
    log_.log_session(line);
  };
  return callbacks;
}

Pulse::Listener App::pulse_listener() {
  return {[this] {
            for (const auto& group : groups_) group->stalled();
          },
          [this](health::Time lease_end) { data_plane_.renew_lease(lease_end); }};
}

void App::warn_of_file_limit() {
  const std::size_t wanted = settings_->proxy.max_connections;
  if (wanted <= files_.plane.clients.sessions) return;
  log_.log_line(LogLevel::warning,
                fmt::format("max_connections is {}, but a limit of {} open files allows {}: that many are admitted "
                            "(ulimit -n, LimitNOFILE)",
                            wanted, files_.limit, files_.plane.clients.sessions));
}

/// SENGU_CRASH_AT, for tests of what a restart makes of a failover that was cut short.
health::CrashPoint App::crash_point() {
  const char* name = std::getenv("SENGU_CRASH_AT");
  if (name == nullptr) return health::CrashPoint::never;
  const auto point = health::crash_point(name);
  if (!point) throw std::runtime_error(fmt::format("SENGU_CRASH_AT: there is no point \"{}\"", name));
  log_.log_line(LogLevel::warning, fmt::format("SENGU_CRASH_AT={}: a test; this process kills itself there", name));
  return *point;
}

std::unique_ptr<health::GroupDriver> App::make_driver(const health::DriverPorts& ports,
                                                      const health::ConfiguredGroup& group) {
  try {
    return std::make_unique<health::GroupDriver>(ports, group, settings_->proxy.name);
  } catch (const net::TlsFileError& error) {
    throw ConfigurationError(fmt::format("group {}: {}", group.settings->name, error.what()));
  }
}

void App::start_groups() {
  const health::Places places(files_.places, files_.patient_places);
  const health::DriverPorts ports{control_, journal_,     data_plane_.publisher(), *this, measurements_,
                                  places,   crash_point()};
  for (const std::string& name : journal_.damaged()) {
    const std::string whose =
        name == health::Journal::unknown_group ? "a group whose name is lost as well" : "group " + name;
    log_.log_line(LogLevel::error, fmt::format("journal: both records of {} are damaged", whose));
  }
  for (const auto& group : configured_) groups_.push_back(make_driver(ports, group));
  // A group's three connects and three first answers keep this thread so long. All groups at once would keep it for a
  // second and more.
  constexpr auto apart = 300us;
  health::Time first_probe = health::Time::clock::now();
  for (const auto& group : groups_) {
    group->start(first_probe);
    first_probe += apart;
  }
}

void App::emit(GroupId id, const health::Event& event) {
  const config::GroupSettings& group = settings_of(id);
  RecordedEvent recorded;
  recorded.time = std::chrono::system_clock::now();
  measurements_.take_event(id, event, health::Time::clock::now(), recorded.time);
  recorded.kind = event.kind;
  recorded.group = group.name;
  if (event.node) recorded.node = group.nodes[index(*event.node)].name;
  recorded.epoch = event.epoch;
  recorded.reason = event.reason;
  recorded.text = event.text;
  log_.log_event(history_.record(std::move(recorded)));
}

GroupView App::view(GroupId group) {
  return {configured_[index(group)].settings, groups_[index(group)]->status(), data_plane_.traffic(group),
          measurements_.of(group)};
}

Snapshot App::header() {
  Snapshot snapshot;
  snapshot.proxy = settings_->proxy.name;
  snapshot.now = health::Time::clock::now();
  snapshot.wall = std::chrono::system_clock::now();
  snapshot.accept_errors = data_plane_.accept_errors();
  snapshot.control_loop_delay = measurements_.control_loop_delay();
  snapshot.log_dropped = log_.dropped();
  return snapshot;
}

Readiness App::readiness() {
  if (shutdown_.life() != Shutdown::Life::running) return {false, "stopping"};
  return {true, "ready"};
}

void App::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) log_.log_line(LogLevel::warning, "reload: not supported yet");
    else shutdown_.on_signal();
    wait_for_signal();
  });
}

Shutdown::Steps App::steps_of_shutdown() {
  return {[this] { data_plane_.stop_accepting(); }, [this] { return data_plane_.sessions(); }, [this] { end(); }};
}

void App::end() {
  signals_.cancel();
  summary_.cancel();
  pulse_.stop();
  for (const auto& group : groups_) group->stop();
  admin_->stop();
  http_->stop();
  data_plane_.cut_all();
  data_plane_.join();
  log_.log_line(LogLevel::info, "stopped");
  control_.stop();
}

}  // namespace

int run(config::Settings settings) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    App app(std::make_shared<const config::Settings>(std::move(settings)));
    app.run();
    return exit_done;
  } catch (const health::StateDirInUse& error) {
    fmt::print(stderr, "sengu: {}\n", error.what());
    return exit_state_dir_in_use;
  } catch (const ConfigurationError& error) {
    fmt::print(stderr, "sengu: {}\n", error.what());
    return exit_configuration;
  } catch (const std::exception& error) {
    fmt::print(stderr, "sengu: {}\n", error.what());
    return exit_refused;
  }
}

}  // namespace sengu::proxy
