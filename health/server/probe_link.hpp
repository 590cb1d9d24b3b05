// One connection over which NodeProbe asks a server for its health, one question at a time, in whatever protocol the
// server speaks. Implemented by health/redis/link and health/mysql/link. A link reports what it saw; NodeProbe decides
// which link is the kept connection, and when to ask what. Control thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "health/model/observation.hpp"

namespace sengu::health {

enum class LinkEnd : std::uint8_t {
  failed,   // the connection ended before it was of use: not connected, or closed before its first reply
  lost,     // the server ended a connection in use, or sent nonsense over it
  dropped,  // we gave up on it after `give_up` of silence
};

class ProbeLink {
 public:
  /// Called on the control thread, never from within a member function of the link. Each may close or release it.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// The question was answered, in time or late.
    virtual void on_answer(ProbeLink& link, const Observation& seen) = 0;
    /// No whole answer within the timeout; the question stays open and the answer may still come.
    virtual void on_overdue(ProbeLink& link, const Observation& seen) = 0;
    /// The last call. `seen` is set where a question was open of which nothing had been reported yet.
    virtual void on_end(ProbeLink& link, LinkEnd end, const std::optional<Observation>& seen) = 0;
  };

  /// An overdue question is given up after so long without anything heard.
  static constexpr std::chrono::seconds give_up{30};
  /// A timer that fires later than this says more about us than about the server (RULES §2.3) ...
  static constexpr std::chrono::milliseconds late_timer{50};
  /// ... and an answer that came meanwhile gets so long to be taken.
  static constexpr std::chrono::milliseconds grace{20};

  virtual ~ProbeLink() = default;
  /// Sends a question, unless the link still owes an answer. False where it owes one: a connection beside it may tell
  /// more. True also while the link is still being opened: the result of that attempt is the answer.
  virtual bool ask() = 0;
  /// Ends it; the listener hears no more.
  virtual void close() = 0;
  /// The name of this connection in the server's own list of connections; empty where the connection has no name (yet,
  /// or any more).
  virtual std::string name() const = 0;
  /// True where the server counts a connection that we give up unanswered against this host. NodeProbe then keeps an
  /// overdue side connection open.
  virtual bool is_counted_against_us() const = 0;
  /// This link is the kept connection from now on: it gives back its place among the other connections (places.hpp).
  virtual void become_kept() {}
};

/// What a link is opened as. A side link may have to wait for a place (places.hpp): its timeout runs meanwhile.
enum class LinkUse : std::uint8_t { kept, side };

/// Connects and asks for the first time. The listener is called later, not from within, and outlives the link or closes
/// it.
using OpenLink = std::function<std::shared_ptr<ProbeLink>(ProbeLink::Listener& listener, LinkUse use)>;

}  // namespace sengu::health
