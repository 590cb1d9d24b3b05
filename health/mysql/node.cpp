#include "health/mysql/node.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "health/mysql/events_question.hpp"
#include "health/mysql/steps.hpp"

namespace sengu::health::mysql {

namespace asio = boost::asio;

MySqlNode::MySqlNode(asio::io_context& io, NodeOptions options, ProbeCallbacks callbacks)
    : io_(io), options_(std::move(options)),
      probe_(
          [this](ProbeLink::Listener& listener, LinkUse) {
            return Link::open(io_, options_.login, options_.query, options_.probe_timeout, listener);
          },
          watch_source(std::move(callbacks))) {}

MySqlNode::~MySqlNode() { close(); }

ProbeCallbacks MySqlNode::watch_source(ProbeCallbacks callbacks) {
  auto watched = [this, tell = std::move(callbacks.on_observation)](Observation seen) {
    if (seen.info) {
      source_.take(*seen.info, seen.answered);
      position_.take(*seen.info, seen.answered);
    }
    tell(seen);
  };
  return {std::move(watched), std::move(callbacks.on_connection_lost)};
}

void MySqlNode::run(const RunStep& step, StepCallback done) {
  run_step(io_, options_, step, [open = open_.pass(), done = std::move(done)](StepResult result, std::string text) {
    if (open.open()) done(result, std::move(text));
  });
}

void MySqlNode::ask_deciders(Milliseconds timeout, Lane, DecidersCallback done) {
  ask_lock_holder(timeout, [open = open_.pass(), done = std::move(done)](DecidersAnswer answer) {
    if (open.open()) done(std::move(answer));
  });
}

void MySqlNode::ask_events(Milliseconds timeout, EventsCallback done) {
  ask_kept_for_events(timeout, [open = open_.pass(), done = std::move(done)](EventsAnswer answer) {
    if (open.open()) done(std::move(answer));
  });
}

/// As ask_lock_holder(). A new connection with TLS costs some hundred times as much as the question.
void MySqlNode::ask_kept_for_events(Milliseconds timeout, EventsCallback done) {
  auto* const kept = static_cast<Link*>(probe_.kept());
  if (kept == nullptr || !kept->in_use()) {
    asio::post(io_, [done = std::move(done)] { done({}); });
    return;
  }
  const auto deadline = std::make_shared<asio::steady_timer>(io_, timeout);
  const auto once = std::make_shared<EventsCallback>(std::move(done));
  deadline->async_wait([once, deadline](const boost::system::error_code&) {
    if (const auto callback = std::exchange(*once, nullptr)) callback({});
  });
  kept->ask_events([this, timeout, once, weak = std::weak_ptr(deadline)](EventsLook look) {
    auto callback = std::exchange(*once, nullptr);
    if (const auto timer = weak.lock()) timer->cancel();
    if (!callback) return;
    if (look.outdated) return ask_for_events(io_, options_, timeout, std::move(callback));
    callback(std::move(look.answer));
  });
}

/// `done` is told the answer or the end of the timeout, whichever comes first. A link that ends brings no answer any
/// more.
void MySqlNode::ask_lock_holder(Milliseconds timeout, DecidersCallback done) {
  auto* const kept = static_cast<Link*>(probe_.kept());  // probe_ has only links that the constructor's lambda opened
  if (kept == nullptr || !kept->in_use()) {
    asio::post(io_, [done = std::move(done)] { done({std::nullopt, "not connected"}); });
    return;
  }
  const auto deadline = std::make_shared<asio::steady_timer>(io_, timeout);
  const auto once = std::make_shared<DecidersCallback>(std::move(done));
  deadline->async_wait([once, deadline](const boost::system::error_code&) {
    if (const auto callback = std::exchange(*once, nullptr)) callback({std::nullopt, "no answer in time"});
  });
  kept->ask_lock_holder([this, once, weak = std::weak_ptr(deadline)](const LockHolder& holder) {
    const auto callback = std::exchange(*once, nullptr);
    if (const auto timer = weak.lock()) timer->cancel();
    if (callback) callback(read(holder));
  });
}

DecidersAnswer MySqlNode::read(const LockHolder& holder) const {
  if (!holder.text.empty()) return {std::nullopt, holder.text};
  const auto ours = probe_.connections();
  const auto number = std::to_string(holder.connection);
  std::vector<std::string> names;
  const bool of_another = holder.connection != 0 && std::find(ours.begin(), ours.end(), number) == ours.end();
  if (of_another) names.push_back(holder.account.empty() ? "connection " + number : holder.account);
  return {std::move(names), {}};
}

void MySqlNode::close() {
  open_.close();
  probe_.close();
}

}  // namespace sengu::health::mysql
