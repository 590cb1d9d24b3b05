// The part of a Link that runs on a thread of its own: connects, asks the server one question after another, and
// watches the idle connection in between. Owns the Client and the thread's time; knows no timer and decides nothing.
// Its results go to the Link through the mailbox.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "health/model/observation.hpp"
#include "health/mysql/client.hpp"
#include "health/mysql/interview.hpp"
#include "health/mysql/mailbox.hpp"
#include "health/mysql/scheduled_events.hpp"
#include "health/mysql/threads.hpp"

namespace sengu::health::mysql {

/// The answer to one question, as far as the thread knows it.
struct Answer {
  Outcome outcome = Outcome::ok;
  std::string text;
  std::optional<ServerInfo> info;
  Time at{};
};

/// Who holds the lock by which two deciders see each other (RULES §7.3).
struct LockHolder {
  std::uint64_t connection = 0;  // 0: not known, `text` says why; without a text it is free
  std::string account;           // "user@host" of the holder, where the server tells
  std::string text;
};

/// Called on the control thread.
class Listens {
 public:
  virtual ~Listens() = default;
  virtual void on_connected(std::uint64_t connection) = 0;
  virtual void on_answered(Answer answer) = 0;
  virtual void on_lock_holder(LockHolder holder) = 0;
  virtual void on_events(EventsLook look) = 0;
  enum class End : std::uint8_t { by_server, by_us };
  /// The connection ended, and its thread with it. `answer` is set where a question was open.
  virtual void on_ended(End end, std::optional<Answer> answer) = 0;
};

class Conversation final : public Job {
 public:
  /// The first question is asked without ask(), as soon as the thread has connected. `query` as Interview takes it.
  Conversation(boost::asio::io_context& io, Login login, std::string query);
  ~Conversation() override;

  // --- control thread ---
  void open(std::weak_ptr<Listens> listens) { mailbox_.open(std::move(listens)); }
  void ask();
  void ask_lock_holder();
  void ask_events();
  /// The Link hears nothing of this conversation any more; the thread ends soon.
  void close();
  Progress progress() const { return client_.progress(); }
  bool heard_since(Time time) const { return client_.last_heard() >= time; }
  Time last_heard() const { return client_.last_heard(); }

  void run() override;
  void stop() override;

 private:
  enum class Task : std::uint8_t { none, probe, lock_holder, events };

  void converse();
  void want(Task task);
  void wake();
  Task next_task();
  Task take_task();
  bool stopped();
  bool answer(Task task);
  bool answer_probe();
  bool answer_lock_holder();
  bool answer_events();
  LockHolder find_lock_holder();
  void end(std::optional<Answer> answer);

  const bool takes_lock_;
  Client client_;
  Interview interview_;
  Mailbox<Listens> mailbox_;
  int wake_fd_;  // eventfd: wakes the thread for a new task, or to stop
  std::mutex mutex_;
  std::deque<Task> wanted_{Task::probe};
  bool stopped_ = false;
  bool busy_ = true;         // in a call that only interrupt() ends
  bool holds_lock_ = false;  // the thread's own
};

}  // namespace sengu::health::mysql
