// See worker.hpp.
#include "proxy/worker.hpp"

#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

namespace sengu::proxy {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace asio = boost::asio;

constexpr auto tell_interval = 10ms;   // a storm of refused clients must not flood the control thread
constexpr int max_wakes = 128;         // sessions woken in one go when a hold ends
constexpr std::size_t records_at_once = 64;

/// send() can be told to raise none, splice(2) cannot.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// A RST to both sides costs the kernel 14 us. A promotion does not wait for more of them than for a millisecond, and neither
// do the worker's other sessions.
constexpr std::size_t resets_before_acknowledgement = 64;
constexpr std::size_t resets_at_once = 64;

using Records = std::vector<SessionRecord>;

/// Tells the control thread of so many sessions at a time: what else is due there gets its turn in between.
void tell_ended(asio::io_context& control, const Callbacks& callbacks, std::shared_ptr<const Records> records,
                std::size_t from) {
  asio::post(control, [&control, &callbacks, records = std::move(records), from]() mutable {
    const std::size_t to = std::min(from + records_at_once, records->size());
    for (std::size_t i = from; i < to; ++i) callbacks.session_ended((*records)[i]);
    if (to < records->size()) tell_ended(control, callbacks, std::move(records), to);
  });
}

}  // namespace

WorkerContext::WorkerContext(const config::Settings& config, SharedCounts& counts, std::shared_ptr<const RoutingTable> first)
    : settings(config), shared(counts), counters(config.groups), buffer(buffer_size), table(std::move(first)) {}

bool SpareFile::take() {
  if (!file_) file_ = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return static_cast<bool>(file_);
}

Worker::Worker(asio::io_context& control, const config::Settings& settings, SharedCounts& shared,
               std::shared_ptr<const RoutingTable> first_table, const Callbacks& callbacks)
    : control_(control), callbacks_(callbacks), context_(settings, shared, std::move(first_table)), ready_(io_, context_.ready.fd()), timer_(io_),
      of_group_(settings.groups.size()) {
  for (const auto& group : settings.groups) told_.emplace_back(group.nodes.size());
  context_.connect_failed = [this](health::GroupId group, health::NodeId node) { tell_connect_failed(group, node); };
  if (callbacks_.session_ended && settings.log.sessions != config::LogSessions::none) {
    context_.session_ended = [this](SessionRecord record) { ended_.push_back(std::move(record)); };
  }
}

Worker::~Worker() {
  join();
  ready_.release();  // the ready set closes its descriptor itself
}

void Worker::add_listener(Fd socket, ListenerSettings settings, Chooser chooser) {
  back_offs_.push_back(std::make_unique<asio::steady_timer>(io_));
  asio::steady_timer& timer = *back_offs_.back();
  const auto pause = [&timer](Listener& listener) {
    timer.expires_after(Listener::back_off);
    timer.async_wait([&listener](const boost::system::error_code& error) {
      if (!error) listener.retry();
    });
  };
  const auto hand_over = [chooser = std::move(chooser)](Arrival arrival) { chooser().hand_over(std::move(arrival)); };
  listeners_.emplace_back(std::move(socket), settings, context_, hand_over, pause);
}

void Worker::start() {
  asio::post(io_, [this] {
    for (auto& listener : listeners_) listener.start();
    watch();
  });
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "sengu-worker");
    block_sigpipe();
    io_.run();
  });
}

void Worker::watch() {
  ready_.async_wait(asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
    if (!error) turn();
  });
}

/// Takes what is ready, then blocks; with busy_poll not before nothing has come for so long. What was posted, and the
/// deadlines, get their turn in between.
void Worker::turn() {
  context_.turn_began = Clock::now();
  const auto found = context_.ready.turn(tables_);
  settle();
  const auto busy_poll = context_.settings.proxy.busy_poll;
  if (busy_poll == 0us) return watch();
  if (found == ReadySet::Found::something) last_traffic_ = Clock::now();
  if (context_.turn_began - last_traffic_ > busy_poll) return watch();
  asio::post(io_, [this] { turn(); });
}

void Worker::hand_over(Arrival arrival) {
  load_.fetch_add(1, std::memory_order_relaxed);
  asio::post(io_, [this, arrival = std::move(arrival)]() mutable {
    adopt(std::move(arrival));
    settle();
  });
}

void Worker::adopt(Arrival arrival) {
  sessions_.push_back(std::make_unique<Session>(context_, std::move(arrival)));
  Session& session = *sessions_.back();
  auto& of_group = of_group_[health::index(session.group())];
  session.slot = static_cast<std::uint32_t>(sessions_.size() - 1);
  session.group_slot = static_cast<std::uint32_t>(of_group.size());
  of_group.push_back(&session);
  session.start();
}

void Worker::post_table(std::shared_ptr<const RoutingTable> table, health::GroupId group, std::function<void()> cut_done) {
  tables_.fetch_add(1, std::memory_order_relaxed);
  asio::post(io_, [this, table = std::move(table), group, cut_done = std::move(cut_done)]() mutable {
    tables_.fetch_sub(1, std::memory_order_relaxed);
    apply(std::move(table), group);
    cut_done();  // before the cut sessions are reported: a promotion waits for this one
    settle();
  });
}

void Worker::apply(std::shared_ptr<const RoutingTable> table, health::GroupId group) {
  context_.table = std::move(table);
  for (Session* session : of_group_[health::index(group)]) session->table_changed();
  reset_cut(resets_before_acknowledgement);
}

void Worker::reset_cut(std::size_t most) {
  for (; most > 0 && !context_.cut.empty(); --most) {
    Session& session = *context_.cut.back();
    context_.cut.pop_back();
    session.reset(health::Reason::none);
  }
}

void Worker::post_route_until(health::Time until) {
  asio::post(io_, [this, until] {
    renew(until);
    settle();
  });
}

void Worker::renew(health::Time until) {
  const bool had_run_out = Clock::now() > std::exchange(context_.route_until, until);
  if (!had_run_out) return;
  for (const auto& session : sessions_) session->table_changed();
}

void Worker::post_stop_accepting() {
  asio::post(io_, [this] {
    for (auto& listener : listeners_) listener.stop();
  });
}

void Worker::post_cut_all() {
  asio::post(io_, [this] {
    reset_all();
    settle();
  });
}

void Worker::join() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] { io_.stop(); });
  thread_.join();
  reset_all();
  bury();
  report_ended();
}

void Worker::reset_all() {
  context_.cut.clear();
  for (const auto& session : sessions_) session->reset(health::Reason::stopping);
}

void Worker::run_again() {
  again_run_ = Run::idle;
  std::vector<Session*> due;
  due.swap(context_.again);
  for (Session* session : due) session->resume();
}

void Worker::run_deadlines() {
  const health::Time now = Clock::now();
  for (int i = 0; i < max_wakes && context_.deadlines.next() <= now; ++i) context_.deadlines.front().deadline_passed();
}

void Worker::settle() {
  bury();
  report_ended();
  if (!context_.again.empty() && again_run_ == Run::idle) {
    again_run_ = Run::posted;
    asio::post(io_, [this] {
      run_again();
      settle();
    });
  }
  if (!context_.cut.empty() && reset_run_ == Run::idle) {
    reset_run_ = Run::posted;
    asio::post(io_, [this] {
      reset_run_ = Run::idle;
      reset_cut(resets_at_once);
      settle();
    });
  }
  arm();
}

void Worker::bury() {
  if (context_.closed.empty()) return;
  std::erase_if(context_.again, [](const Session* session) { return session->state() == Session::State::closed; });
  for (Session* session : context_.closed) {
    auto& of_group = of_group_[health::index(session->group())];
    of_group[session->group_slot] = of_group.back();
    of_group[session->group_slot]->group_slot = session->group_slot;
    of_group.pop_back();
    const std::uint32_t slot = session->slot;
    std::swap(sessions_[slot], sessions_.back());
    sessions_[slot]->slot = slot;
    sessions_.pop_back();
    load_.fetch_sub(1, std::memory_order_relaxed);
  }
  context_.closed.clear();
}

void Worker::report_ended() {
  if (ended_.empty()) return;
  tell_ended(control_, callbacks_, std::make_shared<const Records>(std::exchange(ended_, {})), 0);
}

/// One timer for all deadlines; it is moved only to an earlier instant, and looks for itself when it fires.
void Worker::arm() {
  const health::Time next = context_.deadlines.next();
  if (next >= armed_) return;
  armed_ = next;
  timer_.expires_at(next);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    armed_ = Deadlines::none;
    run_deadlines();
    settle();
  });
}

void Worker::tell_connect_failed(health::GroupId group, health::NodeId node) {
  if (!callbacks_.connect_failed) return;
  health::Time& last = told_[health::index(group)][health::index(node)];
  const health::Time now = Clock::now();
  if (last != health::Time{} && now - last < tell_interval) return;
  last = now;
  asio::post(control_, [&tell = callbacks_.connect_failed, group, node] { tell(group, node); });
}

}  // namespace sengu::proxy
