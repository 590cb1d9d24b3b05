#include "health/driver/inspection.hpp"

#include <algorithm>
#include <utility>

#include "health/driver/node_factory.hpp"

namespace sengu::health {

Inspection::Inspection(boost::asio::io_context& io, const config::GroupSettings& settings, const std::string& instance,
                       std::function<void()> done)
    : settings_(settings), own_name_(decider_name(instance, settings)), done_(std::move(done)), deadline_(io),
      answers_(settings.nodes.size()), stages_(settings.nodes.size(), Stage::probing) {
  deadline_.expires_after(timeouts * settings.health.timeout);
  deadline_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) end();
  });
  const NodeFactory factory(io, settings, instance, Purpose::look);
  for (std::size_t i = 0; i < settings.nodes.size(); ++i) {
    const NodeId id{static_cast<std::uint16_t>(i)};
    answers_[i].seen.text = "no answer in time";
    ProbeCallbacks callbacks{[this, id](const Observation& seen) { take(id, seen); }, [] {}};
    nodes_.push_back(factory.make(id, std::move(callbacks)));
    nodes_.back()->probe(ProbeVia::kept_connection);
  }
}

Inspection::~Inspection() {
  for (const auto& node : nodes_) node->close();
}

void Inspection::take(NodeId id, const Observation& seen) {
  if (stages_[index(id)] != Stage::probing) return;
  answers_[index(id)].seen = seen;
  if (!is_life(seen.outcome)) return end_one(id);
  stages_[index(id)] = Stage::asking;
  nodes_[index(id)]->ask_deciders(settings_.health.timeout, Lane::urgent,
                                  [this, id](DecidersAnswer answer) { take(id, std::move(answer)); });
}

void Inspection::take(NodeId id, DecidersAnswer answer) {
  if (stages_[index(id)] != Stage::asking) return;
  if (answer.names) leave_out_own(*answer.names);
  answers_[index(id)].told =
      DecidersTold{id, std::move(answer.names), std::move(answer.text), answer.settings, std::move(answer.abilities)};
  if (settings_.kind != config::Kind::mysql) return end_one(id);
  nodes_[index(id)]->ask_events(settings_.health.timeout,
                                [this, id](EventsAnswer events) { take(id, std::move(events)); });
}

void Inspection::take(NodeId id, EventsAnswer answer) {
  if (stages_[index(id)] != Stage::asking) return;
  answers_[index(id)].events = EventsTold{id, std::move(answer.events), std::move(answer.text)};
  end_one(id);
}

/// A single decider of our name is the sengu that runs with this configuration; of two, one is a stranger. The one lock
/// of a MySQL server may be held by that sengu or by any other: own_sengu() tells people the holder.
void Inspection::leave_out_own(std::vector<std::string>& names) {
  const bool named = settings_.kind != config::Kind::mysql;
  const auto is_own = [&](const std::string& name) { return !named || name.starts_with(own_name_ + "@"); };
  if (std::count_if(names.begin(), names.end(), is_own) != 1) return;
  const auto own = std::find_if(names.begin(), names.end(), is_own);
  own_sengu_.insert(*own);
  names.erase(own);
}

void Inspection::end_one(NodeId id) {
  stages_[index(id)] = Stage::ended;
  if (std::all_of(stages_.begin(), stages_.end(), [](Stage stage) { return stage == Stage::ended; })) end();
}

void Inspection::end() {
  if (!done_) return;
  deadline_.cancel();
  std::fill(stages_.begin(), stages_.end(), Stage::ended);
  std::exchange(done_, nullptr)();
}

}  // namespace sengu::health
