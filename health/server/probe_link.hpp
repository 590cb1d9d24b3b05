// One connection over which NodeProbe asks a server how it is, again and again, one question at a time; whatever it speaks.
// Implemented by health/redis/link and health/mysql/link. It reports what it saw; which connection is the kept one, and what
// is asked when, is NodeProbe's. Control thread only.
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
  failed,   // it ended before it was of use: not connected, or closed before its first reply
  lost,     // a connection in use was ended by the server, or spoke nonsense
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
    /// The last call. `seen` is set where a question was open that nothing was reported of yet.
    virtual void on_end(ProbeLink& link, LinkEnd end, const std::optional<Observation>& seen) = 0;
  };

  /// An overdue question is given up after so long without anything heard.
  static constexpr std::chrono::seconds give_up{30};
  /// A timer that fires later than this says more about us than about the server (RULES §2.3) ...
  static constexpr std::chrono::milliseconds late_timer{50};
  /// ... and an answer that came meanwhile gets so long to be taken.
  static constexpr std::chrono::milliseconds grace{20};

  virtual ~ProbeLink() = default;
  /// Asks, unless it owes an answer. False: it does, and a connection beside it may tell more. True where it is still being
  /// opened: what comes of that is the answer.
  virtual bool ask() = 0;
  /// Ends it; the listener hears no more.
  virtual void close() = 0;
  /// How the server names the connection to those who ask it who is there; empty where it has no name (yet, or any more).
  virtual std::string name() const = 0;
  /// The server counts it against this host where a connection is given up unanswered: then it is waited for.
  virtual bool is_counted_against_us() const = 0;
  /// It is the kept one from now on: whatever place it took among the others is free again.
  virtual void become_kept() {}
};

/// What a link is opened as. A side link may have to wait for a place (places.hpp): its timeout runs meanwhile.
enum class LinkUse : std::uint8_t { kept, side };

/// Connects and asks for the first time. The listener is called later, not from within, and outlives the link or closes it.
using OpenLink = std::function<std::shared_ptr<ProbeLink>(ProbeLink::Listener& listener, LinkUse use)>;

}  // namespace sengu::health
