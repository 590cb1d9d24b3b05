#include "tests/sim/sengu.hpp"

#include <fmt/format.h>

namespace sengu::sim {

using namespace std::chrono_literals;
using namespace sengu::health;

namespace {

constexpr auto ack_patience = 2s;  // then the process ends itself: its death is the cut (RULES §3.4)
constexpr auto journal_patience = 2s;
constexpr auto route_valid = 1s;  // proxy/dataplane/pulse.hpp
constexpr auto beat = 200ms;
constexpr auto supervisor = 500ms;  // until it is started again

}  // namespace

struct Sengu::Life {
  std::optional<Group> group;
  Actor control;
  Actor journal;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<Channel> to_worker;
  std::vector<Channel> from_worker;
  std::vector<std::unique_ptr<Probe>> probes;
  std::map<Serial, int> missing;  // acknowledgements, by publication
  std::optional<JournalRecord> writing;
  Time written{};  // when the last write that was asked for will be done
  Time timer{};
  Time beaten{};  // the last beat
  std::size_t next_worker = 0;
  std::vector<std::weak_ptr<Connection>> steps;
  CrashSwitch crash;

  ~Life() {
    for (const auto& weak : steps)
      if (const auto connection = weak.lock()) connection->reset();
  }
};

void Sengu::later(const Weak& weak, Duration delay, std::function<void(Life&)> act) {
  ports_.timeline.after(delay, [weak, act = std::move(act)] {
    if (const auto life = weak.lock())
      life->control.run([weak, act] {
        if (const auto alive = weak.lock()) act(*alive);
      });
  });
}

void Sengu::start() {
  life_ = std::make_shared<Life>();
  life_->crash = CrashSwitch(std::exchange(crash_at_, CrashPoint::never));
  calm_since_ = started_ = ports_.timeline.now();
  const auto found = disk_.read();
  ports_.observer.on_start(found.record);
  life_->group.emplace(ports_.settings, found.record, found.damaged ? JournalFound::damaged : JournalFound::sound);
  const auto table = std::make_shared<proxy::RoutingTable>();
  table->groups.push_back({});
  for (int i = 0; i < workers; ++i) {
    Worker::Ports ports{
        ports_.timeline, ports_.network, ports_.servers,
        [this](Epoch epoch, int server, const Reply& reply) { ports_.observer.on_relay(epoch, server, reply); }};
    life_->workers.push_back(std::make_unique<Worker>(ports, table));
    life_->to_worker.push_back({proxy_host, proxy_host});
    life_->from_worker.push_back({proxy_host, proxy_host});
  }
  for (const auto& server : ports_.servers) {
    const NodeId node{static_cast<std::uint16_t>(server->index())};
    Probe::Listener listener{[this, node](const Observation& seen, const Reply& reply) {
                               ports_.observer.on_seen(node, seen, reply);
                               feed(*life_, ProbeDone{node, seen});
                             },
                             [this, node] { feed(*life_, ConnectionLost{node}); }};
    life_->probes.push_back(std::make_unique<Probe>(ports_.timeline, ports_.network, life_->control, *server,
                                                    ports_.settings.health.timeout, std::move(listener)));
  }
  later(life_, {}, [this](Life& life) {
    carry_out(life, life.group->start(ports_.timeline.now()));
    life.beaten = ports_.timeline.now();
    pulse(life);
  });
}

void Sengu::pulse(Life& life) {
  const Time now = ports_.timeline.now();
  if (now - life.beaten > route_valid) feed(life, Stalled{});
  life.beaten = now;
  for (std::size_t i = 0; i < life.workers.size(); ++i) {
    ports_.network.send(life.to_worker[i], [i, weak = Weak(life_), until = now + route_valid] {
      if (const auto alive = weak.lock()) alive->workers[i]->take_route_until(until);
    });
  }
  later(life_, beat, [this](Life& alive) { pulse(alive); });
}

void Sengu::kill() {
  if (!life_) return;
  calm_since_ = ports_.timeline.now();
  if (life_->writing && ports_.random.chance(50)) disk_.tear(*life_->writing, ports_.random);
  life_.reset();
}

void Sengu::freeze() {
  if (!life_) return;
  if (!frozen()) froze_ = ports_.timeline.now();
  calm_since_ = ports_.timeline.now();
  life_->control.freeze();
  life_->journal.freeze();
  for (const auto& worker : life_->workers) worker->actor().freeze();
}

void Sengu::thaw() {
  const auto life = life_;
  if (!life) return;
  calm_since_ = ports_.timeline.now();
  if (frozen()) woke_ = ports_.timeline.now();
  for (const auto& worker : life->workers) worker->actor().thaw();
  life->journal.thaw();
  life->control.thaw();
}

void Sengu::freeze_worker(int worker) {
  if (!life_) return;
  calm_since_ = ports_.timeline.now();
  life_->workers[static_cast<std::size_t>(worker)]->actor().freeze();
}

void Sengu::thaw_worker(int worker) {
  if (!life_) return;
  calm_since_ = ports_.timeline.now();
  life_->workers[static_cast<std::size_t>(worker)]->actor().thaw();
}

bool Sengu::frozen() const { return life_ && life_->control.frozen(); }

std::optional<GroupStatus> Sengu::status() const {
  if (!life_) return std::nullopt;
  return life_->group->status(ports_.timeline.now());
}

int Sengu::live_sessions() const {
  int count = 0;
  if (life_)
    for (const auto& worker : life_->workers) count += worker->live_sessions();
  return count;
}

bool Sengu::all_acknowledged() const { return !life_ || life_->missing.empty(); }

void Sengu::input(const Input& one) {
  if (life_) later(life_, {}, [this, one](Life& life) { feed(life, one); });
}

void Sengu::feed(Life& life, const Input& input) {
  if (life.crash.before(input)) return crash(life);
  carry_out(life, life.group->step(ports_.timeline.now(), input));
}

void Sengu::carry_out(Life& life, const Commands& commands) {
  for (const Command& command : commands) {
    if (life.crash.before(command)) return crash(life);
    std::visit([&](const auto& one) { execute(life, one); }, command);
    if (life.crash.after(command)) return crash(life);
  }
  arm_timer(life);
}

/// Nothing more happens in this life; its end comes with the next event, since it is in the middle of a step.
void Sengu::crash(Life& life) {
  ports_.say("sengu kills itself at its point");
  life.control.freeze();
  life.journal.freeze();
  for (const auto& worker : life.workers) worker->actor().freeze();
  ports_.timeline.after({}, [this] {
    kill();
    ports_.timeline.after(supervisor, [this] {
      if (!life_) start();
    });
  });
}

void Sengu::arm_timer(Life& life) {
  const Time due = life.group->next_deadline();
  if (due == life.timer) return;
  life.timer = due;
  later(life_, due - ports_.timeline.now(), [this, due](Life& alive) {
    if (alive.timer != due) return;
    alive.timer = {};
    feed(alive, Tick{});
  });
}

void Sengu::execute(Life& life, const health::Probe& probe) { life.probes[index(probe.node)]->probe(); }

void Sengu::execute(Life& life, const Publish& publish) {
  ports_.say(
      fmt::format("route {} {} epoch={} live={}{}{}", to_string(publish.route.state), to_string(publish.route.reason),
                  publish.route.epoch, publish.route.live, publish.route.suspended ? " suspended" : "",
                  publish.route.master ? " master=" + ports_.servers[index(*publish.route.master)]->name() : ""));
  ports_.observer.on_publish(publish.route);
  const auto table = std::make_shared<proxy::RoutingTable>();
  table->serial = static_cast<std::uint64_t>(publish.serial);
  table->groups.push_back({publish.route, nullptr});
  life.missing[publish.serial] = workers;
  for (std::size_t i = 0; i < life.workers.size(); ++i) {
    ports_.network.send(life.to_worker[i], [this, i, table, weak = Weak(life_), serial = publish.serial] {
      const auto alive = weak.lock();
      if (!alive) return;
      alive->workers[i]->take_table(table, [this, i, weak, serial] {
        const auto still = weak.lock();
        if (!still) return;
        ports_.network.send(still->from_worker[i], [this, weak, serial] {
          later(weak, {}, [this, serial](Life& last) {
            if (--last.missing[serial] > 0) return;
            last.missing.erase(serial);
            feed(last, Published{serial});
          });
        });
      });
    });
  }
  abort_unless_acknowledged(life_, publish.serial);
}

void Sengu::abort_unless_acknowledged(const Weak& weak, Serial serial) {
  later(weak, ack_patience, [this, weak, serial](Life& life) {
    if (!life.missing.contains(serial)) return;
    ports_.say("a worker does not acknowledge: the process ends itself");
    ports_.timeline.after({}, [this, weak] {
      if (weak.lock() != life_) return;
      kill();
      ports_.timeline.after(supervisor, [this] {
        if (!life_) start();
      });
    });
  });
}

void Sengu::execute(Life& life, const WriteJournal& write) {
  ports_.say(fmt::format("journal epoch={} {} master={} target={}", write.record.epoch, to_string(write.record.phase),
                         write.record.master, write.record.target));
  ports_.observer.on_intent(write.record);
  life.writing = write.record;
  const auto told = std::make_shared<bool>(false);
  const auto tell = [this, told, serial = write.serial](Life& alive, bool ok) {
    if (!std::exchange(*told, true)) feed(alive, JournalWritten{serial, ok});
  };
  later(life_, journal_patience, [tell](Life& alive) { tell(alive, false); });
  life.written =
      std::max(life.written, ports_.timeline.now()) + ports_.random.between(100us, 4ms);  // one after another
  ports_.timeline.at(life.written, [this, weak = Weak(life_), tell, record = write.record] {
    const auto alive = weak.lock();
    if (!alive) return;
    alive->journal.run([this, weak, tell, record] {
      const auto still = weak.lock();
      if (!still) return;
      still->writing.reset();
      const bool ok = disk_.write(record);
      if (ok) ports_.observer.on_journal(record);
      later(weak, {}, [tell, ok](Life& last) { tell(last, ok); });
    });
  });
}

/// A connection of its own with a deadline, closed with RST where it comes.
void Sengu::exchange(Life& life, Server& server, const Request& request, Duration timeout, Answered answered) {
  struct Run {
    std::shared_ptr<Connection> connection;
    bool connected = false;
    bool told = false;
  };
  const auto run = std::make_shared<Run>();
  const auto tell = [run, answered = std::move(answered), weak = Weak(life_)](const Reply* reply) {
    const auto alive = weak.lock();
    if (std::exchange(run->told, true) || !alive) return;
    run->connection->reset();
    answered(*alive, reply, run->connected ? StepResult::failed : StepResult::unreachable);
  };
  const Time deadline = ports_.timeline.now() + timeout;
  Connection::Reader reader{[this, run, request, deadline] {
                              run->connected = true;
                              if (!run->told && ports_.timeline.now() < deadline) run->connection->send(request);
                            },
                            [tell](const Reply& reply) { tell(&reply); }, [tell](Gone) { tell(nullptr); }};
  run->connection = Connection::open(ports_.network, life.control, server, std::move(reader));
  life.steps.push_back(run->connection);
  later(life_, timeout, [tell](Life&) { tell(nullptr); });
}

void Sengu::execute(Life& life, const RunStep& step) {
  Server& server = *ports_.servers[index(step.node)];
  ports_.say(fmt::format("step {} {}", to_string(step.step), server.name()));
  ports_.observer.on_step(step);
  Request request{Request::Kind::step, 0, step.step, -1, step.pause, step.loss};
  for (const auto& other : ports_.servers) {
    if (ports_.settings.nodes[static_cast<std::size_t>(other->index())].replication_address == step.master)
      request.master = other->index();
  }
  exchange(life, server, request, step.timeout,
           [this, node = step.node, what = step.step](Life& alive, const Reply* reply, StepResult unanswered) {
             const auto answered = reply && reply->outcome == Outcome::ok ? StepResult::done : StepResult::failed;
             feed(alive, StepDone{node, what, reply ? answered : unanswered, ""});
           });
}

void Sengu::execute(Life& life, const AskDeciders& question) {
  exchange(
      life, *ports_.servers[index(question.node)], {Request::Kind::clients}, question.timeout,
      [this, node = question.node](Life& alive, const Reply* reply, StepResult) {
        const bool said = reply && reply->outcome == Outcome::ok;
        feed(alive, DecidersTold{node, said ? std::optional(reply->deciders) : std::nullopt, said ? "" : "no answer"});
      });
}

void Sengu::execute(Life&, const Emit& emit) {
  ports_.say(fmt::format("{} {}", to_string(emit.event.kind), emit.event.text));
}

void Sengu::execute(Life&, const Answer& answer) {
  ports_.say(fmt::format("answer {}: {}", answer.outcome.done() ? "ok" : "refused", answer.outcome.text));
}

void Sengu::accept(const std::shared_ptr<ClientEnd>& client) {
  if (!life_) return ports_.timeline.after(100us, [client] { client->on_end(); });
  life_->workers[life_->next_worker++ % life_->workers.size()]->accept(client);
}

void Sengu::client_sends(const std::shared_ptr<ClientEnd>& client, WriteId write) {
  if (life_)
    for (const auto& worker : life_->workers) worker->client_sends(client, write);
}

void Sengu::client_leaves(const std::shared_ptr<ClientEnd>& client) {
  if (life_)
    for (const auto& worker : life_->workers) worker->client_leaves(client);
}

}  // namespace sengu::sim
