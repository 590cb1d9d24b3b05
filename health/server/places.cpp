#include "health/server/places.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "config/base/assert.hpp"

namespace sengu::health {

struct Places::State {
  using Queue = std::map<Ticket, Granted>;  // by age
  enum class Serving : std::uint8_t { none, some };

  std::size_t all;
  std::size_t patient;
  std::size_t taken = 0;
  std::size_t taken_patiently = 0;
  std::uint64_t last_ticket = 0;
  Queue urgent_queue = {};
  Queue patient_queue = {};
  Serving serving = Serving::none;

  bool has_room(Lane lane) const { return taken < all && (lane == Lane::urgent || taken_patiently < patient); }
  std::optional<Lane> next() const {
    if (!urgent_queue.empty() && has_room(Lane::urgent)) return Lane::urgent;
    if (!patient_queue.empty() && has_room(Lane::patient)) return Lane::patient;
    return std::nullopt;
  }
  Queue& queue(Lane lane) { return lane == Lane::urgent ? urgent_queue : patient_queue; }

  static Place take(const std::shared_ptr<State>& state, Lane lane) {
    ++state->taken;
    if (lane == Lane::patient) ++state->taken_patiently;
    return Place(state, lane);
  }

  /// A `granted` may give its place back at once, or ask for another place; both call serve() again. Only the outermost
  /// serve() loops.
  static void serve(const std::shared_ptr<State>& state) {
    if (std::exchange(state->serving, Serving::some) == Serving::some) return;
    while (const auto lane = state->next()) {
      const auto first = state->queue(*lane).extract(state->queue(*lane).begin());
      first.mapped()(take(state, *lane));
    }
    state->serving = Serving::none;
  }
};

Places::Place::Place(Place&& other) noexcept : state_(std::move(other.state_)), lane_(other.lane_) {}

Places::Place& Places::Place::operator=(Place&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  state_ = std::move(other.state_);
  lane_ = other.lane_;
  return *this;
}

void Places::Place::give_back() {
  const auto state = std::exchange(state_, nullptr);
  if (!state) return;
  SENGU_ASSERT(state->taken > 0);
  --state->taken;
  if (lane_ == Lane::patient) --state->taken_patiently;
  State::serve(state);
}

Places::Places(std::size_t all, std::size_t patient)
    : state_(std::make_shared<State>(State{std::max<std::size_t>(all, 1), std::max<std::size_t>(patient, 1)})) {}

Places::Ticket Places::wait(Lane lane, Granted granted) {
  if (!state_) {
    granted({});
    return {};
  }
  const Ticket ticket{++state_->last_ticket};
  state_->queue(lane).emplace(ticket, std::move(granted));
  State::serve(state_);
  return ticket;
}

void Places::hurry(Ticket ticket) {
  if (!state_) return;
  auto waiting = state_->patient_queue.extract(ticket);
  if (waiting.empty()) return;
  state_->urgent_queue.insert(std::move(waiting));
  State::serve(state_);
}

std::size_t Places::taken() const { return state_ ? state_->taken : 0; }

std::size_t Places::waiting() const { return state_ ? state_->urgent_queue.size() + state_->patient_queue.size() : 0; }

}  // namespace sengu::health
