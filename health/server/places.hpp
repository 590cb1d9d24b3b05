// How many connections there may be at once beside the kept ones: side probes, steps, and questions who else decides share the
// file descriptors that are set aside for them (proxy/app/file_budget.hpp). A connection that finds no place waits for its turn. Knows no socket.
// Control thread only.
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
  /// One connection's; given back with it. An empty one is given back already, or was of no account.
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

  /// As many as one likes.
  Places() = default;
  /// `all` at once, of them `patient` on that lane; each at least 1.
  Places(std::size_t all, std::size_t patient);

  /// Calls `granted` once: from within where there is room, else when somebody gives back a place, in the order of the calls.
  /// It must not throw; what it calls back to may be gone by then, and is its own to know.
  Ticket wait(Lane lane, Granted granted);
  /// One that waits on the patient lane goes with the urgent ones.
  void hurry(Ticket ticket);
  std::size_t taken() const;
  std::size_t waiting() const;

 private:
  std::shared_ptr<State> state_;   // null: no limit
};

}  // namespace sengu::health
