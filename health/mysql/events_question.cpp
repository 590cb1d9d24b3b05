#include "health/mysql/events_question.hpp"

#include <memory>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "health/mysql/client.hpp"
#include "health/mysql/mailbox.hpp"
#include "health/mysql/scheduled_events.hpp"
#include "health/mysql/threads.hpp"

namespace sengu::health::mysql {

namespace asio = boost::asio;

namespace {

class HearsEvents {
 public:
  virtual ~HearsEvents() = default;
  virtual void on_events(EventsAnswer answer) = 0;
};

/// The part of the question that runs on a thread of its own.
class EventsJob final : public Job {
 public:
  EventsJob(asio::io_context& io, const NodeOptions& options) : mailbox_(io), client_(options.login) {}

  void open(std::weak_ptr<HearsEvents> hears) { mailbox_.open(std::move(hears)); }
  void close() {
    mailbox_.close();
    stop();
  }
  void stop() override { client_.interrupt(); }
  void run() override {
    EventsAnswer answer;
    if (!client_.connect())
      answer = look_at_events([this](const std::string& statement) { return client_.query(statement); }).answer;
    client_.close();
    mailbox_.send([answer = std::move(answer)](HearsEvents& hears) mutable { hears.on_events(std::move(answer)); });
  }

 private:
  Mailbox<HearsEvents> mailbox_;
  Client client_;
};

/// The part on the control thread. The handler of its timer keeps it alive until it has told its answer.
class EventsQuestion final : public HearsEvents {
 public:
  EventsQuestion(asio::io_context& io, std::shared_ptr<EventsJob> job, EventsCallback done)
      : timer_(io), job_(std::move(job)), done_(std::move(done)) {}
  ~EventsQuestion() override { job_->close(); }
  EventsQuestion(const EventsQuestion&) = delete;
  EventsQuestion& operator=(const EventsQuestion&) = delete;

  static void watch(const std::shared_ptr<EventsQuestion>& self, Milliseconds timeout) {
    self->timer_.expires_after(timeout);
    self->timer_.async_wait([self](const boost::system::error_code&) { self->on_events({}); });
  }

  void on_events(EventsAnswer answer) override {
    const auto done = std::exchange(done_, nullptr);
    timer_.cancel();
    job_->close();
    if (done) done(std::move(answer));
  }

 private:
  asio::steady_timer timer_;
  const std::shared_ptr<EventsJob> job_;
  EventsCallback done_;
};

}  // namespace

void ask_for_events(asio::io_context& io, const NodeOptions& options, Milliseconds timeout, EventsCallback done) {
  const auto job = std::make_shared<EventsJob>(io, options);
  const auto question = std::make_shared<EventsQuestion>(io, job, std::move(done));
  job->open(question);
  EventsQuestion::watch(question, timeout);
  if (!start_thread(job)) asio::post(io, [question] { question->on_events({}); });
}

}  // namespace sengu::health::mysql
