#include "health/mysql/probe.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sengu::health::mysql {

namespace asio = boost::asio;

namespace {

std::string name_of(const LockHolder& holder) {
  const auto connection = "connection " + std::to_string(holder.connection);
  return holder.account.empty() ? connection : holder.account;
}

}  // namespace

NodeProbe::NodeProbe(asio::io_context& io, const NodeOptions& options, Callbacks callbacks)
    : io_(io), login_(options.login), query_(options.query), timeout_(options.probe_timeout), callbacks_(std::move(callbacks)) {}

NodeProbe::~NodeProbe() { close(); }

void NodeProbe::start(std::shared_ptr<Link>& slot) { slot = Link::open(io_, login_, query_, timeout_, *this); }

void NodeProbe::ask_aside() {
  if (!side_) return start(side_);
  if (side_->overdue()) side_->wait_again();
}

void NodeProbe::probe(ProbeVia via) {
  if (via == ProbeVia::fresh_connection || (!kept_ && side_)) return ask_aside();
  if (!kept_) return start(kept_);
  if (kept_->idle()) return kept_->ask();
  if (!kept_->is_new()) return ask_aside();
  if (kept_->overdue()) kept_->wait_again();
}

bool NodeProbe::is_ours(std::uint64_t connection) const {
  const auto has_it = [&](const auto& link) { return link && link->connection() == connection; };
  return has_it(kept_) || has_it(side_) || std::find(given_up_.begin(), given_up_.end(), connection) != given_up_.end();
}

/// Whichever comes first, the answer or the deadline, is told; a link that ends takes its answer with it.
void NodeProbe::ask_deciders(Milliseconds timeout, DecidersCallback done) {
  if (!kept_ || kept_->is_new()) {
    asio::post(io_, [done = std::move(done)] { done({std::nullopt, "not connected"}); });
    return;
  }
  const auto deadline = std::make_shared<asio::steady_timer>(io_, timeout);
  const auto once = std::make_shared<DecidersCallback>(std::move(done));
  deadline->async_wait([once, deadline](const boost::system::error_code&) {
    if (const auto callback = std::exchange(*once, nullptr)) callback({std::nullopt, "no answer in time"});
  });
  kept_->ask_lock_holder([this, once, weak = std::weak_ptr(deadline)](const LockHolder& holder) {
    const auto callback = std::exchange(*once, nullptr);
    if (const auto timer = weak.lock()) timer->cancel();
    if (!callback) return;
    if (!holder.text.empty()) return callback({std::nullopt, holder.text});
    std::vector<std::string> names;
    if (holder.connection != 0 && !is_ours(holder.connection)) names.push_back(name_of(holder));
    callback({std::move(names), {}});
  });
}

void NodeProbe::close() {
  if (kept_) std::exchange(kept_, nullptr)->close();
  if (side_) std::exchange(side_, nullptr)->close();
}

void NodeProbe::keep_side() {
  if (kept_) give_up(kept_);
  kept_ = std::exchange(side_, nullptr);
}

void NodeProbe::give_up(std::shared_ptr<Link>& link) {
  constexpr std::size_t remembered = 8;
  if (link->connection() != 0) given_up_.push_back(link->connection());
  if (given_up_.size() > remembered) given_up_.pop_front();
  std::exchange(link, nullptr)->close();
}

void NodeProbe::on_answer(Link& link, const Observation& answered) {
  if (&link == side_.get()) keep_side();
  auto seen = answered;
  if (seen.info) source_.take(*seen.info, seen.answered);
  callbacks_.on_observation(seen);
}

void NodeProbe::on_overdue(Link& link, const Observation& seen) {
  if (&link == side_.get() && !kept_) keep_side();
  callbacks_.on_observation(seen);
}

void NodeProbe::on_end(Link& link, LinkEnd end, const std::optional<Observation>& seen) {
  const bool was_kept = &link == kept_.get();
  if (end == LinkEnd::lost) given_up_.clear();   // the server ended it; a new one counts its connections anew
  if (end == LinkEnd::dropped && link.connection() != 0) given_up_.push_back(link.connection());
  (was_kept ? kept_ : side_).reset();
  if (was_kept && end == LinkEnd::lost) callbacks_.on_connection_lost();
  if (seen) callbacks_.on_observation(*seen);
}

}  // namespace sengu::health::mysql
