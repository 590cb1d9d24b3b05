#include "proxy/dataplane/worker.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

namespace sengu::proxy {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace asio = boost::asio;

constexpr auto tell_interval = 10ms;  // a storm of refused clients must not flood the control thread
constexpr int max_wakes = 128;        // sessions woken in one go when a hold ends
constexpr std::size_t records_at_once = 64;

// Resetting both sides of a session costs the kernel 14 us. Neither a promotion nor the worker's other sessions shall
// wait longer than a millisecond for resets.
constexpr std::size_t resets_before_acknowledgement = 64;
constexpr auto least_reset_time = 1ms;  // of each turn; more where the turn took longer
constexpr std::size_t max_agains = 64;  // streams that go on in one turn

/// send() can be told not to raise SIGPIPE, splice(2) cannot.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// apply() looks at so many cache lines of a session. With 10,000 idle sessions it would wait for memory most of the
// time (5 ms without fetching ahead, 2.7 with it).
constexpr std::size_t lines_of_session = 3;
constexpr std::size_t sessions_fetched_ahead = 8;

using Records = std::vector<SessionRecord>;

/// Tells the control thread of `records_at_once` sessions at a time: its other work gets a turn in between.
void tell_ended(asio::io_context& control, const Callbacks& callbacks, std::shared_ptr<const Records> records,
                std::size_t from) {
  asio::post(control, [&control, &callbacks, records = std::move(records), from]() mutable {
    const std::size_t to = std::min(from + records_at_once, records->size());
    for (std::size_t i = from; i < to; ++i) callbacks.session_ended((*records)[i]);
    if (to < records->size()) tell_ended(control, callbacks, std::move(records), to);
  });
}

}  // namespace

Worker::Worker(asio::io_context& control, const config::Settings& settings, const health::ConfiguredGroups& groups,
               SharedCounts& shared, std::shared_ptr<const RoutingTable> first_table, const Callbacks& callbacks,
               std::size_t most_pipes)
    : control_(control), callbacks_(callbacks), context_(settings, groups, shared, std::move(first_table), most_pipes),
      of_group_(groups.size()) {
  for (const auto& group : groups) told_.emplace_back(group.settings->nodes.size());
  context_.connect_failed = [this](health::GroupId group, health::NodeId node) { tell_connect_failed(group, node); };
  if (callbacks_.session_ended && settings.log.sessions != config::LogSessions::none) {
    context_.session_ended = [this](SessionRecord record) { ended_.push_back(std::move(record)); };
  }
}

Worker::~Worker() { join(); }

void Worker::add_listener(net::Fd socket, ListenerSettings settings, Chooser chooser) {
  const auto pause = [this](Listener& listener) { pauses_.emplace_back(Clock::now() + Listener::back_off, &listener); };
  const auto hand_over = [this, chooser = std::move(chooser)](Arrival arrival) {
    Worker& chosen = chooser();
    if (&chosen != this) return chosen.hand_over(std::move(arrival));
    load_.fetch_add(1, std::memory_order_relaxed);
    adopt(std::move(arrival));
  };
  listeners_.emplace_back(std::move(socket), settings, context_, hand_over, pause);
}

void Worker::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "sengu-worker");
    block_sigpipe();
    run();
  });
}

/// Tables come before the first client.
void Worker::run() {
  run_posted();
  for (auto& listener : listeners_) listener.start();
  while (life_ == Life::running) {
    const auto found = context_.ready.wait(patience());
    context_.turn_began = Clock::now();
    if (found == ReadySet::Found::something) last_traffic_ = context_.turn_began;
    context_.ready.dispatch();
    run_posted();
    run_again();
    end_cut_sessions();
    run_deadlines();
    retry_listeners();
    bury();
    report_ended();
  }
}

std::optional<std::chrono::nanoseconds> Worker::patience() const {
  if (!context_.to_resume.empty() || !context_.to_reset.empty()) return 0ns;
  const auto busy_poll = context_.settings.proxy.busy_poll;
  if (busy_poll != 0us && context_.turn_began - last_traffic_ <= busy_poll) return 0ns;
  const health::Time paused = pauses_.empty() ? Deadlines::none : pauses_.front().first;
  const health::Time next = std::min(context_.deadlines.next(), paused);
  if (next == Deadlines::none) return std::nullopt;
  return std::max<std::chrono::nanoseconds>(0ns, next - Clock::now());
}

void Worker::hand_over(Arrival arrival) {
  load_.fetch_add(1, std::memory_order_relaxed);
  mailbox_.post([this, shared = std::make_shared<Arrival>(std::move(arrival))] { adopt(std::move(*shared)); });
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

void Worker::post_table(std::shared_ptr<const RoutingTable> table, health::GroupId group,
                        std::function<void()> cut_done) {
  mailbox_.post([this, table = std::move(table), group, cut_done = std::move(cut_done)]() mutable {
    apply(std::move(table), group);
    cut_done();  // before the cut sessions are reported: a promotion waits for this call
  });
}

void Worker::apply(std::shared_ptr<const RoutingTable> table, health::GroupId group) {
  context_.table = std::move(table);
  const auto& sessions = of_group_[health::index(group)];
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    if (i + sessions_fetched_ahead < sessions.size())
      fetch_ahead(sessions[i + sessions_fetched_ahead], lines_of_session);
    sessions[i]->table_changed();
  }
  for (std::size_t i = 0; i < resets_before_acknowledgement; ++i) end_next_cut();
}

/// Takes up to half of the worker's time, so that clients learn of the cut under any traffic.
void Worker::end_cut_sessions() {
  if (context_.to_reset.empty()) return;
  const health::Time now = Clock::now();
  const health::Time until = now + std::max<health::Duration>(least_reset_time, now - context_.turn_began);
  while (!context_.to_reset.empty() && Clock::now() < until) end_next_cut();
}

void Worker::end_next_cut() {
  if (context_.to_reset.empty()) return;
  Session& session = *context_.to_reset.front();
  context_.to_reset.pop_front();
  session.end_cut();
}

void Worker::post_lease(health::Time end) {
  mailbox_.post([this, end] { renew_lease(end); });
}

void Worker::renew_lease(health::Time end) {
  const bool had_run_out = Clock::now() > std::exchange(context_.lease_end, end);
  if (!had_run_out) return;
  for (const auto& session : sessions_) session->lease_renewed();
}

void Worker::post_stop_accepting() {
  mailbox_.post([this] {
    for (auto& listener : listeners_) listener.stop();
  });
}

void Worker::post_cut_all() {
  mailbox_.post([this] { reset_all(); });
}

void Worker::join() {
  if (!thread_.joinable()) return;
  mailbox_.post([this] { life_ = Life::ended; });
  thread_.join();
  reset_all();
  bury();
  report_ended();
}

void Worker::reset_all() {
  context_.to_reset.clear();
  for (const auto& session : sessions_) session->reset(health::Reason::stopping);
}

void Worker::run_posted() {
  for (const Mailbox::Work& work : mailbox_.take()) work();
}

void Worker::run_again() {
  for (std::size_t left = std::min(context_.to_resume.size(), max_agains); left > 0; --left) {
    Session& session = *context_.to_resume.front();
    context_.to_resume.pop_front();
    session.resume();
  }
}

void Worker::run_deadlines() {
  if (context_.deadlines.next() == Deadlines::none) return;
  const health::Time now = Clock::now();
  for (int i = 0; i < max_wakes && context_.deadlines.next() <= now; ++i) context_.deadlines.front().deadline_passed();
}

void Worker::retry_listeners() {
  while (!pauses_.empty() && pauses_.front().first <= Clock::now()) {
    Listener& listener = *pauses_.front().second;
    pauses_.pop_front();
    listener.retry();
  }
}

void Worker::bury() {
  if (context_.to_destroy.empty()) return;
  std::erase_if(context_.to_resume, [](const Session* session) { return session->state() == Session::State::closed; });
  for (Session* session : context_.to_destroy) {
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
  context_.to_destroy.clear();
}

void Worker::report_ended() {
  if (ended_.empty()) return;
  tell_ended(control_, callbacks_, std::make_shared<const Records>(std::exchange(ended_, {})), 0);
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
