// Bounds how many connections are open at once beside the kept ones: side probes, steps and questions for other
// deciders share the file descriptors that proxy/app/file_budget.hpp sets aside for them. A connection that finds no
// free place waits for its turn. Knows no socket. Control thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "health/model/step.hpp"

namespace sengu::health {

class Places {
  struct State;

 public:
  /// The place of one connection, given back when the Place is destroyed. An empty Place was given back already, or
  /// comes from Places without a limit.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    ~Place() { give_back(); }
    void give_back();

   private:
    friend class Places;
    Place(std::shared_ptr<State> state, Lane lane) : state_(std::move(state)), lane_(lane) {}
    std::shared_ptr<State> state_;
    Lane lane_ = Lane::urgent;
  };
  using Granted = std::function<void(Place)>;
  enum class Ticket : std::uint64_t {};

  /// Without a limit.
  Places() = default;
  /// At most `all` places at once, and at most `patient` of them on the patient lane; each limit is at least 1.
  Places(std::size_t all, std::size_t patient);

  /// Calls `granted` once with a place: from within where a place is free, else when a place is given back, in the
  /// order of the calls, the urgent lane first. `granted` must not throw. The object that `granted` calls back may be
  /// gone by then; `granted` must check that itself.
  Ticket wait(Lane lane, Granted granted);
  /// Moves a connection that waits on the patient lane to the urgent lane.
  void hurry(Ticket ticket);
  std::size_t taken() const;
  std::size_t waiting() const;

 private:
  std::shared_ptr<State> state_;  // null: no limit
};

}  // namespace sengu::health
