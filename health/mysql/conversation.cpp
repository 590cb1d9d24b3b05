#include "health/mysql/conversation.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <utility>

#include "config/base/printable.hpp"
#include "health/mysql/errors.hpp"

namespace sengu::health::mysql {

namespace {

Answer answer_of(const Failure& failure) {
  return {classify(failure), describe(failure), std::nullopt, std::chrono::steady_clock::now()};
}

bool ends_connection(const std::optional<Failure>& failure) { return failure && !is_from_server(*failure); }

std::uint64_t number_in(std::optional<std::string_view> text) {
  std::uint64_t number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

}  // namespace

Conversation::Conversation(boost::asio::io_context& io, Login login, std::string query)
    : takes_lock_(login.lock == DecidersLock::take), client_(std::move(login)), interview_(std::move(query)),
      mailbox_(io), wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Conversation::~Conversation() {
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

void Conversation::wake() { ::eventfd_write(wake_fd_, 1); }

void Conversation::want(Task task) {
  const std::lock_guard lock(mutex_);
  wanted_.push_back(task);
  wake();
}

void Conversation::ask() { want(Task::probe); }

void Conversation::ask_lock_holder() { want(Task::lock_holder); }

void Conversation::ask_events() { want(Task::events); }

void Conversation::close() {
  mailbox_.close();
  stop();
}

/// The thread closes an idle connection in the regular way; a connection whose call blocks is reset.
void Conversation::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  wake();
  if (busy_) client_.interrupt();
}

void Conversation::run() {
  converse();
  client_.close();
}

void Conversation::converse() {
  if (wake_fd_ < 0)
    return end(Answer{Outcome::shortage, "no file descriptor for a connection", std::nullopt,
                      std::chrono::steady_clock::now()});
  if (const auto failure = client_.connect()) return end(answer_of(*failure));
  mailbox_.send([id = client_.id()](Listens& link) { link.on_connected(id); });
  for (Task task = next_task(); task != Task::none; task = next_task()) {
    if (!answer(task)) return;
  }
}

Conversation::Task Conversation::take_task() {
  const std::lock_guard lock(mutex_);
  eventfd_t ignored = 0;
  ::eventfd_read(wake_fd_, &ignored);
  busy_ = !stopped_ && !wanted_.empty();
  if (!busy_) return Task::none;
  const auto task = wanted_.front();
  wanted_.pop_front();
  return task;
}

bool Conversation::stopped() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

/// Waits for the next task, and watches the connection meanwhile: so the connection's end is known at once, not at the
/// next probe. Task::none: the thread has nothing more to do.
Conversation::Task Conversation::next_task() {
  for (;;) {
    if (const auto task = take_task(); task != Task::none || stopped()) return task;
    pollfd entries[] = {{wake_fd_, POLLIN, 0}, {client_.descriptor(), POLLIN, 0}};
    if (::poll(entries, 2, -1) < 0 && errno != EINTR) return Task::none;
    if (entries[1].revents == 0) continue;
    end(std::nullopt);  // closed, reset, or bytes that answer no question
    return Task::none;
  }
}

bool Conversation::answer(Task task) {
  if (task == Task::events) return answer_events();
  return task == Task::probe ? answer_probe() : answer_lock_holder();
}

bool Conversation::answer_probe() {
  auto said = interview_.ask([this](const std::string& statement) { return client_.query(statement); });
  Answer answer{said.outcome, std::move(said.text), std::move(said.info), std::chrono::steady_clock::now()};
  if (ends_connection(said.failure)) {
    end(std::move(answer));
    return false;
  }
  mailbox_.send([answer = std::move(answer)](Listens& link) mutable { link.on_answered(std::move(answer)); });
  return true;
}

bool Conversation::answer_lock_holder() {
  auto holder = find_lock_holder();
  if (client_.interrupted()) return false;
  mailbox_.send([holder = std::move(holder)](Listens& link) mutable { link.on_lock_holder(std::move(holder)); });
  return true;
}

bool Conversation::answer_events() {
  auto look = look_at_events([this](const std::string& statement) { return client_.query(statement); });
  if (client_.interrupted()) return false;
  mailbox_.send([look = std::move(look)](Listens& link) mutable { link.on_events(std::move(look)); });
  return true;
}

/// The lock belongs to a connection and is free again when that connection ends. A deciding sengu takes the lock where
/// it is free, and holds it; a sengu that only looks does neither.
LockHolder Conversation::find_lock_holder() {
  LockHolder holder;
  Reply reply;
  if (takes_lock_ && !holds_lock_) {
    reply = client_.query("SELECT GET_LOCK('sengu', 0) AS answer");
    holds_lock_ = reply.ok() && reply.table.find(0, "answer") == "1";
  }
  if (reply.ok()) reply = client_.query("SELECT IS_USED_LOCK('sengu') AS answer");
  holder.connection = number_in(reply.table.find(0, "answer"));
  if (!reply.ok()) holder.text = describe(*reply.failure);
  if (reply.ok() && takes_lock_ && holder.connection == 0) holder.text = "the lock is held by nobody";
  if (holder.connection == 0 || holder.connection == client_.id()) return holder;
  // Without the PROCESS privilege the server lists only connections of our own account; another sengu mostly uses the
  // same one.
  reply = client_.query("SELECT USER AS user, HOST AS host FROM information_schema.PROCESSLIST WHERE ID = " +
                        std::to_string(holder.connection));
  if (const auto user = reply.table.find(0, "user")) {
    const auto host = reply.table.find(0, "host").value_or("");
    holder.account = printable_line(std::string(*user) + "@" + std::string(host.substr(0, host.rfind(':'))));
  }
  return holder;
}

void Conversation::end(std::optional<Answer> answer) {
  const auto how = answer && answer->outcome == Outcome::l7_timeout ? Listens::End::by_us : Listens::End::by_server;
  mailbox_.send([how, answer = std::move(answer)](Listens& link) mutable { link.on_ended(how, std::move(answer)); });
}

}  // namespace sengu::health::mysql
