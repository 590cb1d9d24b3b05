#include "health/redis/probe.hpp"

#include <utility>

namespace sengu::health::redis {

NodeProbe::NodeProbe(boost::asio::io_context& io, Endpoint node, Credentials credentials, Milliseconds timeout,
                     Callbacks callbacks)
    : io_(io), node_(std::move(node)), credentials_(std::move(credentials)), timeout_(timeout),
      callbacks_(std::move(callbacks)) {}

NodeProbe::~NodeProbe() { close(); }

void NodeProbe::start(std::shared_ptr<Link>& slot) {
  if (!slot) slot = Link::open(io_, node_, credentials_, timeout_, *this);
}

void NodeProbe::probe(ProbeVia via) {
  if (via == ProbeVia::fresh_connection) return start(side_);
  if (!kept_) return side_ ? void() : start(kept_);  // a side attempt in flight will be the kept one
  if (kept_->connecting()) return;
  if (kept_->idle()) return kept_->ask();
  start(side_);
}

std::vector<Endpoint> NodeProbe::local_ends() const {
  std::vector<Endpoint> ends(given_up_.begin(), given_up_.end());
  for (const auto& link : {kept_, side_}) {
    if (!link) continue;
    if (const auto end = link->local()) ends.push_back(*end);
  }
  return ends;
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
  if (const auto end = link->local()) given_up_.push_back(*end);
  if (given_up_.size() > remembered) given_up_.pop_front();
  std::exchange(link, nullptr)->close();
}

void NodeProbe::on_answer(Link& link, const Observation& seen) {
  if (&link == side_.get()) keep_side();
  callbacks_.on_observation(seen);
}

void NodeProbe::on_overdue(Link& link, const Observation& seen) {
  if (&link == side_.get()) {
    // The older connection waits longer, and is heard at the same instant if the server was frozen.
    if (!kept_) {
      keep_side();
    } else {
      give_up(side_);
    }
  }
  callbacks_.on_observation(seen);
}

void NodeProbe::on_end(Link& link, LinkEnd end, const std::optional<Observation>& seen) {
  const bool was_kept = &link == kept_.get();
  (was_kept ? kept_ : side_).reset();
  if (was_kept && end == LinkEnd::lost) callbacks_.on_connection_lost();
  if (seen) callbacks_.on_observation(*seen);
}

}  // namespace sengu::health::redis
