#include "health/mysql/steps.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/base/assert.hpp"
#include "health/mysql/client.hpp"
#include "health/mysql/errors.hpp"
#include "health/mysql/mailbox.hpp"
#include "health/mysql/script.hpp"
#include "health/mysql/threads.hpp"

namespace sengu::health::mysql {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto beat = 100ms;
constexpr auto longest_ending = 1s;  // for the end of a statement at the server, after the step's deadline
constexpr auto look_again = 10ms;
constexpr auto stalled_after = 1s;  // as in the decision (RULES §2.3): a stall voids every decision from before it
constexpr auto* too_late = "no answer in time";
constexpr auto* stalled = "sengu itself was stalled";

/// Hears how a step ended. Called on the control thread.
class StepOwner {
 public:
  virtual ~StepOwner() = default;
  virtual void on_outcome(StepOutcome outcome) = 0;
};

/// A statement that was given up may be carried out later, against the next step. The fence is to be carried out,
/// however late; and the answer to a rehandshake is evidence, which is not waited for.
bool is_ended_at_the_server(Step step) { return step != Step::fence && step != Step::rehandshake; }

/// The part of a step that runs on a thread of its own. A process that was stopped for a while may read an answer
/// before it sees that its time is over, and would go on with a step that the decision has given up: so the job looks
/// at the clock before each statement.
class StepJob final : public Job {
 public:
  StepJob(asio::io_context& io, NodeOptions options, RunStep step, Time began)
      : options_(std::move(options)), step_(std::move(step)), deadline_(began + step_.timeout),
        ends_by_(deadline_ + std::min<Duration>(step_.timeout, longest_ending)), mailbox_(io), awake_(began),
        client_(options_.login), ender_(options_.login) {}

  void open(std::weak_ptr<StepOwner> owner) { mailbox_.open(std::move(owner)); }
  /// The control thread reports that it runs, at least once in every `beat`.
  void awake(Time now) { awake_ = now; }
  Time deadline() const { return deadline_; }
  /// When the owner waits no longer for the end of a statement that was given up.
  Time ends_by() const { return is_ended_at_the_server(step_.step) ? ends_by_ : deadline_; }
  /// The statement under way is given up; run() ends it at the server.
  void give_up() { client_.interrupt(); }
  bool logged_in() const { return client_.progress() == Progress::ready; }
  /// Why nothing more may be sent; null where it may.
  const char* why_not(Time now) const {
    if (now >= deadline_) return too_late;
    return now - awake_.load() >= beat + stalled_after ? stalled : nullptr;
  }
  void close() {
    mailbox_.close();
    stop();
  }

  void stop() override {
    client_.interrupt();
    ender_.interrupt();
  }
  void run() override {
    auto outcome = perform();
    if (unanswered_ && is_ended_at_the_server(step_.step)) outcome.text += end_at_the_server();
    client_.close();
    ender_.close();
    mailbox_.send([outcome = std::move(outcome)](StepOwner& owner) mutable { owner.on_outcome(std::move(outcome)); });
  }

 private:
  StepOutcome perform() {
    if (const auto failure = client_.connect()) {
      return {is_life(classify(*failure)) ? StepResult::failed : StepResult::unreachable, describe(*failure)};
    }
    return carry_out(
        step_, options_, [this](const std::string& statement) { return ask(statement); },
        [this] { return std::max(0ms, std::chrono::floor<Milliseconds>(deadline_ - Clock::now())); });
  }

  Reply ask(const std::string& statement) {
    if (const auto* why = why_not(Clock::now())) return {{}, Failure{0, why, Progress::ready, 0}};
    auto reply = client_.query(statement);
    unanswered_ = !reply.ok() && !is_from_server(*reply.failure);
    if (unanswered_ && Clock::now() >= deadline_) reply.failure = Failure{0, too_late, Progress::ready, 0};
    return reply;
  }

  /// Kills our own connection there, which needs no privilege, and waits until it is gone. Returns what people are
  /// told.
  std::string end_at_the_server() {
    const auto id = std::to_string(client_.id());
    const char* const in_doubt = "; it may still be carried out";
    if (ender_.connect()) return in_doubt;
    if (const auto killed = ender_.query("KILL " + id); !killed.ok() && !is_from_server(*killed.failure))
      return in_doubt;
    while (Clock::now() < ends_by_) {
      const auto reply = ender_.query("SHOW PROCESSLIST");
      if (!reply.ok()) return in_doubt;
      if (!has_connection(reply.table, id)) return "; ended at the server";
      std::this_thread::sleep_for(look_again);
    }
    return in_doubt;
  }

  static bool has_connection(const Table& processes, const std::string& id) {
    for (std::size_t row = 0; row < processes.rows.size(); ++row) {
      if (processes.find(row, "Id") == id) return true;
    }
    return false;
  }

  const NodeOptions options_;
  const RunStep step_;
  const Time deadline_;
  const Time ends_by_;
  Mailbox<StepOwner> mailbox_;
  std::atomic<Time> awake_;
  Client client_;
  Client ender_;             // ends the statement of client_ that was given up
  bool unanswered_ = false;  // the last statement was sent, and its answer did not come
};

/// The part of a step on the control thread. The handler of its timer keeps it alive until the step is done.
class StepRun final : public StepOwner {
 public:
  StepRun(asio::io_context& io, std::shared_ptr<StepJob> job, StepCallback done)
      : timer_(io), job_(std::move(job)), done_(std::move(done)) {}
  ~StepRun() override { job_->close(); }
  StepRun(const StepRun&) = delete;
  StepRun& operator=(const StepRun&) = delete;

  static void watch(const std::shared_ptr<StepRun>& self) {
    const Time now = Clock::now();
    const Time due = now < self->job_->deadline() ? self->job_->deadline() : self->job_->ends_by();
    self->timer_.expires_at(std::min(due, now + beat));
    self->timer_.async_wait([self](const boost::system::error_code&) {
      if (self->done_) self->on_beat(self);
    });
  }

  void on_outcome(StepOutcome outcome) override { finish(std::move(outcome)); }

 private:
  void on_beat(const std::shared_ptr<StepRun>& self) {
    const auto now = Clock::now();
    const auto* why = job_->why_not(now);
    if (why == nullptr) {
      job_->awake(now);
      return watch(self);
    }
    if (now < job_->ends_by() && job_->logged_in()) {
      job_->give_up();
      return watch(self);
    }
    finish({job_->logged_in() ? StepResult::failed : StepResult::unreachable, why});
  }

  void finish(StepOutcome outcome) {
    const auto done = std::exchange(done_, nullptr);
    timer_.cancel();
    job_->close();
    if (done) done(outcome.result, std::move(outcome.text));
  }

  asio::steady_timer timer_;
  const std::shared_ptr<StepJob> job_;
  StepCallback done_;
};

bool names_a_master(Step step) { return step == Step::repoint || step == Step::demote || step == Step::demote_emptied; }

}  // namespace

void run_step(asio::io_context& io, const NodeOptions& options, const RunStep& step, StepCallback done) {
  SENGU_ASSERT(!names_a_master(step.step) || (step.master != options.login.node && !step.master.host.empty()));
  SENGU_ASSERT(step.timeout.count() > 0);
  const auto job = std::make_shared<StepJob>(io, options, step, Clock::now());
  const auto run = std::make_shared<StepRun>(io, job, std::move(done));
  job->open(run);
  StepRun::watch(run);
  if (start_thread(job)) return;
  asio::post(io, [run] { run->on_outcome({StepResult::unreachable, "no thread for a connection"}); });
}

}  // namespace sengu::health::mysql
