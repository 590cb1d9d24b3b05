#include "health/server/node_probe.hpp"

#include <utility>

namespace sengu::health {

NodeProbe::NodeProbe(OpenLink open, ProbeCallbacks callbacks)
    : open_(std::move(open)), callbacks_(std::move(callbacks)) {}

NodeProbe::~NodeProbe() { close(); }

void NodeProbe::probe(ProbeVia via) {
  const bool side_will_be_kept = !kept_ && side_;
  if (via == ProbeVia::fresh_connection || side_will_be_kept) return ask_aside();
  if (!kept_) {
    kept_ = open_(*this, LinkUse::kept);
  } else if (!kept_->ask()) {
    ask_aside();
  }
}

void NodeProbe::ask_aside() {
  if (side_) {
    side_->ask();
  } else {
    side_ = open_(*this, LinkUse::side);
  }
}

std::vector<std::string> NodeProbe::connections() const {
  std::vector<std::string> names(given_up_.begin(), given_up_.end());
  for (const auto& link : {kept_, side_}) {
    if (link && !link->name().empty()) names.push_back(link->name());
  }
  return names;
}

void NodeProbe::close() {
  if (kept_) std::exchange(kept_, nullptr)->close();
  if (side_) std::exchange(side_, nullptr)->close();
}

void NodeProbe::keep_side() {
  if (kept_) give_up(kept_);
  kept_ = std::exchange(side_, nullptr);
  kept_->become_kept();
}

void NodeProbe::give_up(std::shared_ptr<ProbeLink>& slot) {
  remember(*slot);
  std::exchange(slot, nullptr)->close();
}

void NodeProbe::remember(const ProbeLink& link) {
  constexpr std::size_t most = 8;
  if (auto name = link.name(); !name.empty()) given_up_.push_back(std::move(name));
  if (given_up_.size() > most) given_up_.pop_front();
}

void NodeProbe::on_answer(ProbeLink& link, const Observation& seen) {
  if (&link == side_.get()) keep_side();
  callbacks_.on_observation(seen);
}

void NodeProbe::on_overdue(ProbeLink& link, const Observation& seen) {
  if (&link == side_.get()) {
    // The kept connection is older and waits longer, and a server that was frozen is heard over both at the same
    // instant.
    if (!kept_) {
      keep_side();
    } else if (!link.is_counted_against_us()) {
      give_up(side_);
    }
  }
  callbacks_.on_observation(seen);
}

void NodeProbe::on_end(ProbeLink& link, LinkEnd end, const std::optional<Observation>& seen) {
  const bool was_kept = &link == kept_.get();
  if (end == LinkEnd::lost) given_up_.clear();  // a server that was started anew names its connections anew
  if (end == LinkEnd::dropped) remember(link);
  (was_kept ? kept_ : side_).reset();
  if (was_kept && end == LinkEnd::lost) callbacks_.on_connection_lost();
  if (seen) callbacks_.on_observation(*seen);
}

}  // namespace sengu::health
