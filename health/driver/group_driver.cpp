#include "health/driver/group_driver.hpp"

#include <signal.h>

#include <utility>

#include "health/driver/node_factory.hpp"

namespace sengu::health {
namespace {

using namespace std::chrono_literals;

constexpr auto journal_patience = 2s;  // as long as a worker may take for its acknowledgement (RULES §3.4)

Time clock_now() { return std::chrono::steady_clock::now(); }

std::optional<JournalRecord> record_of(const Journal& journal, const std::string& group) {
  const auto found = journal.records().find(group);
  if (found == journal.records().end()) return std::nullopt;
  return found->second;
}

/// True where both of the group's slots are broken, or might be: a broken pair that has lost its name may belong to any
/// group without a record.
bool is_damaged(const Journal& journal, const std::string& group) {
  return journal.damaged().contains(group) ||
         (journal.damaged().contains(Journal::unknown_group) && !journal.records().contains(group));
}

}  // namespace

GroupDriver::GroupDriver(const DriverPorts& ports, const ConfiguredGroup& group, const std::string& instance)
    : ports_(ports), configured_(group),
      group_(*group.settings, record_of(ports.journal, group.settings->name),
             is_damaged(ports.journal, group.settings->name) ? JournalFound::damaged : JournalFound::sound),
      crash_(ports.crash_at), timer_(ports.io) {
  const config::GroupSettings& settings = *group.settings;
  const NodeFactory factory(ports.io, settings, instance, Purpose::decide, ports.places);
  for (std::size_t i = 0; i < settings.nodes.size(); ++i) {
    const NodeId node{static_cast<std::uint16_t>(i)};
    ProbeCallbacks callbacks{[this, node](const Observation& seen) {
                               ports_.measurements.probed(configured_.id, node, seen);
                               feed(ProbeDone{node, seen});
                             },
                             [this, node] { feed(ConnectionLost{node}); }};
    nodes_.push_back(factory.make(node, std::move(callbacks)));
  }
}

void GroupDriver::start(Time first_probe) {
  apply(group_.start(clock_now(), first_probe));
  arm_timer();
}

void GroupDriver::stop() {
  running_.close();
  timer_.cancel();
  for (const auto& node : nodes_) node->close();
}

GroupStatus GroupDriver::status() const { return group_.status(clock_now()); }

void GroupDriver::connect_failed(NodeId node) { feed(ConnectFailed{node}); }

void GroupDriver::stalled() { feed(Stalled{}); }

void GroupDriver::submit(const Wish& wish, Done done) {
  const RequestId request{++last_request_};
  requests_.emplace(request, std::move(done));
  feed(Order{request, wish});
}

void GroupDriver::feed(const Input& input) {
  if (!running_.open()) return;
  if (crash_.before(input)) ::raise(SIGKILL);
  apply(group_.step(clock_now(), input));
  arm_timer();
}

void GroupDriver::apply(const Commands& commands) {
  for (const Command& command : commands) {
    if (crash_.before(command)) ::raise(SIGKILL);
    std::visit([this](const auto& one) { execute(one); }, command);
    if (crash_.after(command)) ::raise(SIGKILL);
  }
}

void GroupDriver::execute(const Probe& probe) { nodes_[index(probe.node)]->probe(probe.via); }

void GroupDriver::execute(const Publish& publish) {
  ports_.publisher.publish(configured_.id, publish.route, [this, running = running_.pass(), serial = publish.serial] {
    if (running.open()) feed(Published{serial});
  });
}

/// A disk that hangs is as bad as a disk that refuses: the group is told the journal's answer, or a failure at the end
/// of `journal_patience`, whichever comes first.
void GroupDriver::execute(const WriteJournal& write) {
  const auto told = [this, running = running_.pass(), serial = write.serial,
                     once = std::make_shared<bool>(false)](bool ok) {
    if (running.open() && !std::exchange(*once, true)) feed(JournalWritten{serial, ok});
  };
  const auto patience = std::make_shared<boost::asio::steady_timer>(ports_.io, journal_patience);
  patience->async_wait([told, patience](const boost::system::error_code& cancelled) {
    if (!cancelled) told(false);
  });
  ports_.journal.write(
      write.record,
      [told, weak = std::weak_ptr(patience)](bool ok) {
        if (const auto timer = weak.lock()) timer->cancel();
        told(ok);
      },
      ports_.io);
  if (write.record.phase != Phase::steady)
    for (const auto& node : nodes_) node->hurry();
}

void GroupDriver::execute(const RunStep& step) {
  nodes_[index(step.node)]->run(step, [this, node = step.node, what = step.step](StepResult result, std::string text) {
    feed(StepDone{node, what, result, std::move(text)});
  });
}

void GroupDriver::execute(const AskDeciders& question) {
  nodes_[index(question.node)]->ask_deciders(question.timeout, question.lane,
                                             [this, node = question.node](DecidersAnswer answer) {
                                               feed(DecidersTold{node, std::move(answer.names), std::move(answer.text),
                                                                 answer.settings, std::move(answer.abilities)});
                                             });
}

void GroupDriver::execute(const AskEvents& question) {
  nodes_[index(question.node)]->ask_events(question.timeout, [this, node = question.node](EventsAnswer answer) {
    feed(EventsTold{node, std::move(answer.events), std::move(answer.text)});
  });
}

void GroupDriver::execute(const Emit& emit) { ports_.events.emit(configured_.id, emit.event); }

void GroupDriver::execute(const Answer& answer) {
  const auto found = requests_.find(answer.request);
  if (found == requests_.end()) return;
  const Done done = std::move(found->second);
  requests_.erase(found);
  done(answer.outcome);
}

void GroupDriver::arm_timer() {
  const Time due = group_.next_deadline();
  if (due == timer_due_) return;
  timer_due_ = due;
  timer_.expires_at(due);
  timer_.async_wait([this, due](const boost::system::error_code& error) {
    if (error || !running_.open() || due != timer_due_) return;
    timer_due_ = {};
    ports_.measurements.timer_late(clock_now() - due);
    feed(Tick{});
  });
}

}  // namespace sengu::health
