// A ProbeLink to a MySQL or MariaDB server: the part on the control thread. Owns the deadline; the blocking calls run
// on the thread of a Conversation. Control thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "health/mysql/conversation.hpp"
#include "health/server/probe_link.hpp"

namespace sengu::health::mysql {

class Link final : public ProbeLink, private Listens {
 public:
  using LockCallback = std::function<void(LockHolder)>;
  using EventsLookCallback = std::function<void(EventsLook)>;

  /// Connects and asks for the first time.
  static std::shared_ptr<Link> open(boost::asio::io_context& io, const Login& login, const std::string& query,
                                    Milliseconds timeout, Listener& listener);
  ~Link() override;

  /// While the connection's first question is unanswered, ask() sends nothing and waits for that answer. Where the
  /// answer is overdue, the wait begins anew, and ends as another observation.
  bool ask() override;
  /// Who holds the deciders' lock. `done` is called once, never from within; not at all once the link was closed or
  /// ended.
  void ask_lock_holder(LockCallback done);
  /// The scheduled events; as ask_lock_holder().
  void ask_events(EventsLookCallback done);
  void close() override;
  /// The server's number of this connection.
  std::string name() const override { return connection_ == 0 ? std::string() : std::to_string(connection_); }
  /// max_connect_errors, see Client::greeting_timeout.
  bool is_counted_against_us() const override { return true; }

  /// Something was answered over it.
  bool in_use() const { return in_use_; }

 private:
  /// asking -> idle -> asking ...; asking -> overdue -> idle; each -> ended.
  enum class Phase : std::uint8_t { asking, overdue, idle, ended };

  Link(boost::asio::io_context& io, const Login& login, const std::string& query, Milliseconds timeout,
       Listener& listener);

  void on_connected(std::uint64_t connection) override { connection_ = connection; }
  void on_answered(Answer answer) override;
  void on_lock_holder(LockHolder holder) override;
  void on_events(EventsLook look) override;
  void on_ended(End end, std::optional<Answer> answer) override;
  void begin_question();
  void begin_wait();
  void start_timer(Time at);
  void on_timer();
  void on_give_up();
  void end(LinkEnd how, std::optional<Observation> seen);
  Time given_up_at() const;
  Observation overdue_observation() const;
  Observation observe(Outcome outcome, std::string text, Time asked, Time answered) const;

  boost::asio::steady_timer timer_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;  // a thread owes us an answer
  const std::shared_ptr<Conversation> conversation_;
  const Milliseconds timeout_;
  Listener* listener_;
  std::weak_ptr<Link> self_;
  std::vector<LockCallback> lock_callbacks_;
  std::vector<EventsLookCallback> events_callbacks_;

  Phase phase_ = Phase::asking;
  bool in_use_ = false;  // at least one question was answered
  bool first_question_ = true;
  bool graced_ = false;           // the timer fired late once already
  std::uint64_t connection_ = 0;  // as the server numbers it; 0 before it is logged in
  Time asked_{};                  // when the question was sent: what is answered is at least as new
  Time waiting_since_{};          // when this wait began: later than asked_ where the wait was begun anew
  Time timer_due_{};
};

}  // namespace sengu::health::mysql
