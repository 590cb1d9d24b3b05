// The sengu process in the simulator: the real Group under a control thread, workers that obey the real rule, the
// journal's real bytes on a modelled disk. It can be killed, frozen whole or one thread at a time, and started again.
#pragma once

#include "health/core/group/group.hpp"
#include "health/driver/crash_switch.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/probe.hpp"
#include "tests/sim/worker.hpp"

namespace sengu::sim {

/// Who watches what the process does (the judge), and who lets things happen to it at that moment (the faults).
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_seen(health::NodeId node, const health::Observation& seen,
                       const Reply& reply) = 0;  // about to be taken in
  virtual void on_step(const health::RunStep& step) = 0;
  virtual void on_publish(const health::Route& route) = 0;
  virtual void on_intent(const health::JournalRecord& record) = 0;   // about to be written
  virtual void on_journal(const health::JournalRecord& record) = 0;  // written
  virtual void on_relay(health::Epoch epoch, int server, const Reply& reply) = 0;
  virtual void on_start(const std::optional<health::JournalRecord>& found) = 0;
};

class Sengu {
 public:
  struct Ports {
    Timeline& timeline;
    Random& random;
    Network& network;
    std::vector<std::unique_ptr<Server>>& servers;
    const config::GroupSettings& settings;
    Observer& observer;
    std::function<void(const std::string&)> say;
  };
  static constexpr int workers = 2;

  explicit Sengu(const Ports& ports) : ports_(ports) {}

  void start();
  void kill();
  void freeze();
  void thaw();
  void freeze_worker(int worker);
  void thaw_worker(int worker);
  bool running() const { return life_ != nullptr; }
  bool frozen() const;
  /// Nothing was done to the process since.
  Time calm_since() const { return calm_since_; }
  /// When this run of it began.
  Time started() const { return started_; }
  /// The last freeze of all of it: since when, and when it woke.
  Time froze() const { return froze_; }
  Time woke() const { return woke_; }
  Disk& disk() { return disk_; }
  /// The next life ends at this point, and another begins half a second later.
  void crash_at(health::CrashPoint point) { crash_at_ = point; }

  void input(const health::Input& input);
  std::optional<health::GroupStatus> status() const;
  /// Sessions to a master, on all workers.
  int live_sessions() const;
  bool all_acknowledged() const;

  // clients
  void accept(const std::shared_ptr<ClientEnd>& client);
  void client_sends(const std::shared_ptr<ClientEnd>& client, WriteId write);
  void client_leaves(const std::shared_ptr<ClientEnd>& client);

 private:
  struct Life;
  using Weak = std::weak_ptr<Life>;

  void later(const Weak& weak, Duration delay, std::function<void(Life&)> act);
  void feed(Life& life, const health::Input& input);
  void carry_out(Life& life, const health::Commands& commands);
  void crash(Life& life);
  void arm_timer(Life& life);
  void pulse(Life& life);
  void execute(Life& life, const health::Probe& probe);
  void execute(Life& life, const health::Publish& publish);
  void execute(Life& life, const health::WriteJournal& write);
  void execute(Life& life, const health::RunStep& step);
  void execute(Life& life, const health::AskDeciders& question);
  void execute(Life&, const health::AskEvents&) {}  // no server here has scheduled events
  void execute(Life& life, const health::Emit& emit);
  void execute(Life& life, const health::Answer& answer);
  /// The server's reply; none where it did not come, and then `unanswered` is what that is to a step.
  using Answered = std::function<void(Life& life, const Reply* reply, health::StepResult unanswered)>;
  void exchange(Life& life, Server& server, const Request& request, health::Duration timeout, Answered answered);
  void abort_unless_acknowledged(const Weak& weak, health::Serial serial);

  Ports ports_;
  Disk disk_;
  health::CrashPoint crash_at_ = health::CrashPoint::never;
  std::shared_ptr<Life> life_;
  Time calm_since_{};
  Time started_{};
  Time froze_{};
  Time woke_{};
};

}  // namespace sengu::sim
