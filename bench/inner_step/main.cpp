// What the data plane does per message, over loopback TCP in one thread: bench/instructions lets callgrind count the
// instructions inside counted_step(), and none outside of it. System calls count as the few instructions that enter
// them.
#include <gnu/libc-version.h>
#include <sys/epoll.h>

#include <boost/version.hpp>

#include <array>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "bench/inner_step/wire.hpp"
#include "proxy/dataplane/session.hpp"

namespace sengu::bench {

using namespace std::chrono_literals;
using proxy::Peer;

constexpr std::uint32_t ready_to_read = EPOLLIN | EPOLLOUT;  // as the edge-triggered set tells of new bytes
constexpr health::GroupId group{0};

constexpr Peer other(Peer peer) { return peer == Peer::client ? Peer::server : Peer::client; }

/// One way of the data plane to do its work.
class Step {
 public:
  virtual ~Step() = default;
  virtual int messages_at_once() const { return 1; }
  virtual void prepare(int number) = 0;
  virtual void take() = 0;  // what is counted
  virtual void check() = 0;
};

}  // namespace sengu::bench

/// Here, and only here, callgrind collects. The last line keeps the call from becoming a jump out of it.
extern "C" [[gnu::noinline]] void counted_step(sengu::bench::Step& step) {
  step.take();
  asm volatile("");
}

namespace sengu::bench {
namespace {

/// One group with one server that is its master, on a worker without its thread.
class Stage {
 public:
  Stage() {
    context_.turn_began = std::chrono::steady_clock::now();
    context_.lease_end = context_.turn_began + 1h;  // not max(): in production it is looked at too
  }

  /// Makes a session that relays: the wires of its client and its server.
  std::array<Wire, 2> connect() {
    Fd client = front_.knock();
    require(proxy::take_place(counts_.sessions, most) && proxy::take_place(counts_[group].sessions, most), "no place");
    sessions_.push_back(std::make_unique<proxy::Session>(context_, proxy::Arrival{front_.open(), {}, group}));
    sessions_.back()->start();
    await([&] { return turn(), sessions_.back()->state() == proxy::Session::State::relaying; },
          "the session does not relay");
    Fd server = server_.open();
    const int client_near = near_of(client);
    const int server_near = near_of(server);
    return {Wire(std::move(client), client_near), Wire(std::move(server), server_near)};
  }

  proxy::Session& first_session() { return *sessions_.front(); }
  /// As a worker's loop does, without what it does besides.
  void turn() {
    context_.ready.wait(0ns);
    context_.ready.dispatch();
  }
  bool all_wait_for_readiness() const { return context_.to_resume.empty() && context_.to_destroy.empty(); }

 private:
  static constexpr std::size_t most = 1000;

  static config::Settings settings_for(const Endpoint& server) {
    config::NodeSettings node;
    node.address = server;
    config::Settings settings;
    settings.groups.emplace_back().nodes.push_back(std::move(node));
    return settings;
  }
  static std::shared_ptr<const proxy::RoutingTable> table_for(const health::ConfiguredGroups& groups) {
    health::Route route;
    route.state = health::RouteState::open;
    route.epoch = route.live = 1;
    route.master = health::NodeId(0);
    route.readers.resize(1);
    auto table = std::make_shared<proxy::RoutingTable>();
    table->groups.push_back({route, groups[0].settings});
    return table;
  }

  Door front_;
  Door server_;
  const config::Settings settings_ = settings_for(server_.endpoint());
  const health::ConfiguredGroups groups_ = health::hand_out_ids(std::make_shared<const config::Settings>(settings_));
  proxy::SharedCounts counts_{groups_, {most, most}};
  proxy::WorkerContext context_{settings_, groups_, counts_, table_for(groups_), 1};
  std::vector<std::unique_ptr<proxy::Session>> sessions_;
};

/// A relay of its own, without a session.
class RelayStep : public Step {
 public:
  explicit RelayStep(std::size_t size) : message_(size, 'm') {
    for (const Peer peer : {Peer::client, Peer::server}) {
      Fd far = door_.knock();
      Fd near = door_.open();
      require(::fcntl(far.get(), F_SETFL, 0) == 0, "a far end that blocks");
      for (const int fd : {far.get(), near.get()})
        require(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer) == 0, "no send buffer");
      wires_.emplace_back(std::move(far), near.get());
      relay_.set(peer, std::move(near));
    }
  }

  void prepare(int number) override {
    from_ = from(number);
    wire(from_).send(message_);
  }
  void take() override { status_ = relay_.ready(from_, ready_to_read, scratch_); }
  void check() override {
    require(status_ == proxy::Relay::Status::running && !relay_.blocked(), "the relay stopped");
    wire(other(from_)).expect(message_);
  }

 protected:
  /// A request and its reply, in turn.
  virtual Peer from(int number) const { return number % 2 == 0 ? Peer::client : Peer::server; }
  Wire& wire(Peer peer) { return wires_[static_cast<std::size_t>(peer)]; }

  std::vector<char> buffer_ = std::vector<char>(proxy::WorkerContext::buffer_size);
  proxy::Relay relay_;

 private:
  static constexpr int send_buffer = 200 * 1024;  // the kernel's own begins with less than one message of a stream

  Door door_;
  std::deque<Wire> wires_;
  const std::vector<char> message_;
  proxy::GroupCounters counters_{1};
  proxy::PipePool pipes_{4};
  proxy::RelayScratch scratch_{buffer_, counters_, pipes_, std::chrono::steady_clock::now() + 1h};
  proxy::Relay::Status status_ = proxy::Relay::Status::running;
  Peer from_ = Peer::client;
};

/// From the server only, and no byte may be copied once it is known to be a stream. It comes so slowly that each
/// message has been waited for in vain, as the end of a bulk.
class StreamStep final : public RelayStep {
 public:
  StreamStep() : RelayStep(64 * 1024) {}
  void prepare(int number) override {
    relay_.wait_for_any();
    RelayStep::prepare(number);
    buffer_[0] = untouched;
  }
  void check() override {
    RelayStep::check();
    if (++passed_ > known_by_then) require(buffer_[0] == untouched, "copied, not spliced");
  }

 private:
  static constexpr char untouched = '\0';
  static constexpr int known_by_then = 8;  // messages; the warm-up has more

  Peer from(int) const override { return Peer::server; }

  int passed_ = 0;
};

/// The same with the session around it: its state, the route, the counters.
class SessionStep final : public Step {
 public:
  void prepare(int number) override {
    from_ = number % 2 == 0 ? Peer::client : Peer::server;
    wires_[static_cast<std::size_t>(from_)].send(message_);
  }
  void take() override { stage_.first_session().ready(from_, ready_to_read); }
  void check() override {
    require(stage_.all_wait_for_readiness(), "the session stopped");
    wires_[static_cast<std::size_t>(other(from_))].expect(message_);
  }

 private:
  Stage stage_;
  std::array<Wire, 2> wires_ = stage_.connect();
  const std::vector<char> message_ = std::vector<char>(64, 'm');
  Peer from_ = Peer::client;
};

/// A turn in which 50 sessions have a message each.
class TurnStep final : public Step {
 public:
  TurnStep() {
    for (int i = 0; i < at_once; ++i) wires_.push_back(stage_.connect());
    stage_.turn();
  }
  int messages_at_once() const override { return at_once; }
  void prepare(int number) override {
    from_ = number % 2 == 0 ? Peer::client : Peer::server;
    for (auto& pair : wires_) pair[static_cast<std::size_t>(from_)].send(message_);
  }
  void take() override { stage_.turn(); }
  void check() override {
    require(stage_.all_wait_for_readiness(), "a session stopped");
    for (auto& pair : wires_) pair[static_cast<std::size_t>(other(from_))].expect(message_);
  }

 private:
  static constexpr int at_once = 50;

  Stage stage_;
  std::vector<std::array<Wire, 2>> wires_;
  const std::vector<char> message_ = std::vector<char>(64, 'm');
  Peer from_ = Peer::client;
};

const std::map<std::string_view, std::function<std::unique_ptr<Step>()>> steps = {
    {"relay", [] { return std::make_unique<RelayStep>(64); }},
    {"session", [] { return std::make_unique<SessionStep>(); }},
    {"turn", [] { return std::make_unique<TurnStep>(); }},
    {"stream", [] { return std::make_unique<StreamStep>(); }},
};

/// The first ones are not counted: symbols are bound, pipes opened, and what is a stream is known.
void run(Step& step, int messages) {
  constexpr int warm_up = 16;
  for (int number = 0; number < warm_up + messages / step.messages_at_once(); ++number) {
    step.prepare(number);
    if (number < warm_up) step.take();
    else counted_step(step);
    step.check();
  }
}

/// What decides how many instructions there are, one `name version` a line.
void print_versions() {
#if defined(__clang__)
  std::printf("compiler clang %s\n", __clang_version__);
#else
  std::printf("compiler g++ %s\n", __VERSION__);
#endif
  std::printf("flags %s\nlibstdc++ %d\nglibc %s\nBoost %s\n", SENGU_BUILT_WITH, __GLIBCXX__, gnu_get_libc_version(),
              BOOST_LIB_VERSION);
}

}  // namespace
}  // namespace sengu::bench

/// sengu_inner_step versions | STEP MESSAGES. Exits 1, with why on stderr, where the data plane did not do what it
/// should.
int main(int argc, char** argv) {
  using namespace sengu::bench;
  if (argc == 2 && argv[1] == std::string_view("versions")) return print_versions(), 0;
  const auto step = argc == 3 ? steps.find(argv[1]) : steps.end();
  if (step == steps.end()) return std::fputs("usage: sengu_inner_step versions | STEP MESSAGES\n", stderr), 2;
  try {
    run(*step->second(), std::stoi(argv[2]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sengu_inner_step: %s: %s\n", argv[1], error.what());
    return 1;
  }
}
