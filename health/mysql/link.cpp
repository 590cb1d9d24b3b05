#include "health/mysql/link.hpp"

#include <algorithm>
#include <utility>

namespace sengu::health::mysql {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Link::Link(asio::io_context& io, const Login& login, const std::string& query, Milliseconds timeout, Listener& listener)
    : timer_(io), work_(io.get_executor()), conversation_(std::make_shared<Conversation>(io, login, query)),
      timeout_(timeout), listener_(&listener) {}

Link::~Link() { close(); }

std::shared_ptr<Link> Link::open(asio::io_context& io, const Login& login, const std::string& query,
                                 Milliseconds timeout, Listener& listener) {
  const std::shared_ptr<Link> self(new Link(io, login, query, timeout, listener));
  self->self_ = self;
  self->conversation_->open(std::shared_ptr<Listens>(self, self.get()));
  self->begin_question();
  if (!start_thread(self->conversation_)) {
    asio::post(io, [self] {
      self->on_ended(End::by_us, Answer{Outcome::shortage, "no thread for a connection", std::nullopt, Clock::now()});
    });
  }
  return self;
}

void Link::close() {
  phase_ = Phase::ended;
  listener_ = nullptr;
  lock_callbacks_.clear();
  events_callbacks_.clear();
  timer_.cancel();
  work_.reset();
  conversation_->close();
}

void Link::begin_question() {
  begin_wait();
  asked_ = waiting_since_;
}

void Link::begin_wait() {
  phase_ = Phase::asking;
  graced_ = false;
  waiting_since_ = Clock::now();
  start_timer(waiting_since_ + timeout_);
}

bool Link::ask() {
  if (phase_ == Phase::overdue && !in_use_) begin_wait();  // nothing new is sent
  if (phase_ != Phase::idle) return !in_use_;
  first_question_ = false;
  begin_question();
  conversation_->ask();
  return true;
}

void Link::ask_lock_holder(LockCallback done) {
  lock_callbacks_.push_back(std::move(done));
  if (lock_callbacks_.size() == 1) conversation_->ask_lock_holder();
}

void Link::on_lock_holder(LockHolder holder) {
  for (const auto& done : std::exchange(lock_callbacks_, {})) done(holder);
}

void Link::ask_events(EventsLookCallback done) {
  events_callbacks_.push_back(std::move(done));
  if (events_callbacks_.size() == 1) conversation_->ask_events();
}

void Link::on_events(EventsLook look) {
  for (const auto& done : std::exchange(events_callbacks_, {})) done(look);
}

void Link::on_answered(Answer answer) {
  if (phase_ != Phase::asking && phase_ != Phase::overdue) return;
  auto seen = observe(answer.outcome, std::move(answer.text), asked_, answer.at);
  seen.info = std::move(answer.info);
  phase_ = Phase::idle;
  in_use_ = true;
  timer_.cancel();
  listener_->on_answer(*this, seen);
}

void Link::on_ended(End how, std::optional<Answer> answer) {
  if (phase_ == Phase::ended) return;
  const bool of_use = in_use_ || (phase_ == Phase::overdue && conversation_->progress() != Progress::connecting);
  std::optional<Observation> seen;
  if (phase_ == Phase::asking) {  // no answer: the thread had ended before it was asked
    const Time now = Clock::now();
    seen = answer ? observe(answer->outcome, std::move(answer->text), asked_, answer->at)
                  : observe(Outcome::l7_closed, "closed", asked_, now);
  }
  if (how == End::by_us) return end(of_use ? LinkEnd::dropped : LinkEnd::failed, std::move(seen));
  end(of_use ? LinkEnd::lost : LinkEnd::failed, std::move(seen));
}

void Link::start_timer(Time at) {
  timer_due_ = at;
  timer_.expires_at(at);
  timer_.async_wait([weak = self_](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->on_timer();
  });
}

void Link::on_timer() {
  const auto now = Clock::now();
  // A timer wait that fired before the timer was moved, or before the question was answered, still ends up here.
  if (phase_ == Phase::ended || phase_ == Phase::idle || now < timer_due_) return;
  if (phase_ == Phase::overdue) return on_give_up();
  if (now > timer_due_ + late_timer && !graced_) {
    graced_ = true;  // we slept: an answer may be on its way
    return start_timer(now + grace);
  }
  const auto seen = overdue_observation();
  if (now >= given_up_at()) return end(LinkEnd::dropped, seen);
  phase_ = Phase::overdue;
  start_timer(given_up_at());
  listener_->on_overdue(*this, seen);
}

Time Link::given_up_at() const { return std::max(asked_, conversation_->last_heard()) + give_up; }

Observation Link::overdue_observation() const {
  const auto now = Clock::now();
  if (conversation_->progress() == Progress::connecting)
    return observe(Outcome::l4_timeout, "connect timed out", waiting_since_, now);
  if (conversation_->heard_since(waiting_since_)) return observe(Outcome::error, "slow reply", waiting_since_, now);
  return observe(Outcome::l7_timeout, "no reply", waiting_since_, now);
}

void Link::on_give_up() {
  if (Clock::now() < given_up_at()) return start_timer(given_up_at());
  end(LinkEnd::dropped, std::nullopt);
}

void Link::end(LinkEnd how, std::optional<Observation> seen) {
  auto* listener = std::exchange(listener_, nullptr);
  close();
  listener->on_end(*this, how, seen);
}

Observation Link::observe(Outcome outcome, std::string text, Time asked, Time answered) const {
  Observation seen;
  seen.outcome = outcome;
  seen.asked = asked;
  seen.answered = answered;
  seen.fresh_connection = first_question_;
  seen.text = std::move(text);
  return seen;
}

}  // namespace sengu::health::mysql
