// One connection to one server, which can be asked again and again, one question at a time: the control thread's side.
// Owns the deadline; what blocks runs on a Conversation's thread. It reports what it saw; which connection is the kept
// one, and what is asked when, is NodeProbe's. Control thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "health/mysql/conversation.hpp"

namespace sengu::health::mysql {

enum class LinkEnd : std::uint8_t {
  failed,   // it ended before it was of use
  lost,     // a connection in use was ended by the server, or spoke nonsense
  dropped,  // we gave up on it
};

class Link final : private Listens {
 public:
  /// Called on the control thread, never from within a member function of Link. Each may close or release the link.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// The question was answered, in time or late.
    virtual void on_answer(Link& link, const Observation& seen) = 0;
    /// No whole answer within the timeout; the question stays open and the answer may still come.
    virtual void on_overdue(Link& link, const Observation& seen) = 0;
    /// The last call. `seen` is set where a question was open that nothing was reported of yet.
    virtual void on_end(Link& link, LinkEnd end, const std::optional<Observation>& seen) = 0;
  };
  using LockCallback = std::function<void(LockHolder)>;

  /// An overdue question is given up after so long without an answer to any statement.
  static constexpr std::chrono::seconds give_up{30};
  /// A timer that fires later than this says more about us than about the server (safety.md §2.3).
  static constexpr std::chrono::milliseconds late_timer{50};
  static constexpr std::chrono::milliseconds grace{20};

  /// Connects and asks for the first time.
  static std::shared_ptr<Link> open(boost::asio::io_context& io, const Login& login, const std::string& query,
                                    Milliseconds timeout, Listener& listener);
  ~Link() override;

  /// Asks once more. Requires idle().
  void ask();
  /// Waits once more for the answer that is overdue: it ends as another observation. Nothing new is sent.
  void wait_again();
  /// Who holds the deciders' lock. `done` is called once, never from within; not at all once the link was closed or ended.
  void ask_lock_holder(LockCallback done);
  /// Ends it; the listener hears no more.
  void close();

  bool idle() const { return phase_ == Phase::idle; }
  /// Nothing was answered over it yet.
  bool is_new() const { return !in_use_; }
  bool overdue() const { return phase_ == Phase::overdue; }
  /// As the server numbers it; 0 before it is logged in.
  std::uint64_t connection() const { return connection_; }

 private:
  /// asking -> idle -> asking ...; asking -> overdue -> idle; each -> ended.
  enum class Phase : std::uint8_t { asking, overdue, idle, ended };

  Link(boost::asio::io_context& io, const Login& login, const std::string& query, Milliseconds timeout, Listener& listener);

  void on_connected(std::uint64_t connection) override { connection_ = connection; }
  void on_answered(Answer answer) override;
  void on_lock_holder(LockHolder holder) override;
  void on_ended(End end, std::optional<Answer> answer) override;
  void begin_question();
  void start_timer(Time at);
  void on_timer();
  void on_give_up();
  void end(LinkEnd how, std::optional<Observation> seen);
  Observation overdue_observation() const;
  Observation observe(Outcome outcome, std::string text, Time answered) const;

  boost::asio::steady_timer timer_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;   // a thread owes us an answer
  const std::shared_ptr<Conversation> conversation_;
  const Milliseconds timeout_;
  Listener* listener_;
  std::weak_ptr<Link> self_;
  std::vector<LockCallback> lock_callbacks_;

  Phase phase_ = Phase::asking;
  bool in_use_ = false;          // at least one question was answered
  bool first_question_ = true;
  bool graced_ = false;          // the timer fired late once already
  std::uint64_t connection_ = 0;
  Time asked_{};
  Time timer_due_{};
};

}  // namespace sengu::health::mysql
