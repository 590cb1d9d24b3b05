// One client from accept to close, on one worker: its state, its two sockets, its deadline. Reads the route only from
// its worker's table. Knows no thread and no Asio.
//
//   state       may become
//   arrived     parked, connecting, refusing, closed
//   parked      connecting, refusing, closed
//   connecting  connecting, relaying, parked, refusing, closed
//   relaying    resetting, cut, closed
//   resetting   closed
//   refusing    closed
//   cut         closed
//
// A session that is connecting becomes so again where its node may not take it any more and another one may.
// may_become() knows the table, and each change of state asserts it. tests/unit/dataplane/session_table_test.cpp reads
// the table back.
#pragma once

#include <string_view>

#include "proxy/dataplane/relay.hpp"
#include "proxy/dataplane/worker_context.hpp"

namespace sengu::proxy {

/// A client as its listener hands it over.
struct Arrival {
  net::Fd client;
  net::SocketAddress from;
  health::GroupId group{};
  ListenerRole role = ListenerRole::master;
  health::Time accepted{};
  health::Reason refused = health::Reason::none;  // not none: refuse the client; its place is one for the refused
};

class Session final : public Watched {
 public:
  enum class State : std::uint8_t {
    arrived,
    parked,      // no server may serve it now; bounded by hold_timeout and hold_max
    connecting,  // to the node of tag_; nothing was read from the client, nothing written to the node
    relaying,
    resetting,  // one peer sent a RST: what it sent before is still on its way to the other, for at most 200 ms
    refusing,   // told why; reading away what it still sends, for at most 200 ms
    cut,        // passes nothing any more, in either direction; its sockets are reset as soon as the worker gets to it
    closed,     // sockets are gone; destroyed after the turn
  };

  Session(WorkerContext& context, Arrival arrival);
  Session(const Session&) = delete;
  ~Session();

  void start();
  void ready(Peer peer, std::uint32_t events) override;
  /// The worker's fairness list (to_resume) has reached this session.
  void resume();
  void deadline_passed();
  /// The worker has a new table for this session's group. A session that is not allowed() is cut, a parked one is
  /// woken, and one whose bytes had to wait goes on.
  void table_changed();
  /// The lease under which bytes of a master may pass had run out, and holds again.
  void lease_renewed();
  /// Resets both sides now.
  void reset(health::Reason reason);
  /// Resets both sides of one that was cut.
  void end_cut();

  State state() const { return state_; }
  health::GroupId group() const { return group_; }

  // For the worker: the index of this session among all its sessions, and among those of the group.
  std::uint32_t slot = 0;
  std::uint32_t group_slot = 0;

 private:
  enum class Place : std::uint8_t { admitted, refused };  // the limit under which the session counts
  enum class Again : std::uint8_t { idle, queued };       // on the fairness list

  void seek();
  void park(health::Reason reason);
  void park_for_retry();
  void drop_abandoned(health::Reason reason);
  void leave_parking();
  void connect(const SessionTag& tag);
  void connect_ready(std::uint32_t events);
  void connected(std::uint32_t server_events);
  void connect_error(int error);
  void abandon_connect();
  void close_socket(Peer peer);
  void reset_socket(Peer peer);
  void enter(State state);
  void act_on(Relay::Status status);
  void refuse(health::Reason reason);
  void read_away();
  void come_again();
  void end_if_idle();
  bool was_held_up(health::Time now) const;
  void client_ready_early(std::uint32_t events);
  void cut(health::Reason reason);
  void leave_node();
  void finish(SessionEnd end, health::Reason reason);
  void wake_at(health::Time at) { context_.deadlines.set(*this, deadline_, at); }
  void sleep() { context_.deadlines.clear(*this, deadline_); }
  const config::GroupSettings& settings() const { return context_.settings_of(group_); }
  SharedGroupCounts& shared() { return context_.shared[group_]; }
  RelayScratch scratch() { return {context_.buffer, context_.counters[group_], context_.pipes, lease_end()}; }
  health::Time lease_end() const;

  // First the members that a cut looks at. One table may cut 10,000 sessions at once, and the cost is the cache lines
  // that the cut touches.
  WorkerContext& context_;
  SessionTag tag_{};  // valid while connecting, relaying, resetting
  health::GroupId group_;
  State state_ = State::arrived;
  health::Reason reason_;  // why it is refused, parked or cut
  ListenerRole role_;
  Place place_;
  Again again_ = Again::idle;
  std::uint8_t failed_connects_ = 0;
  Relay relay_;
  health::Time accepted_;
  health::Time deadline_ = Deadlines::none;
  health::Time last_ready_{};  // relaying: when something came last
  health::Time connecting_since_{};
  health::Time resetting_until_{};
  net::SocketAddress from_;
  std::optional<health::NodeId> node_;  // tag_.node, while the session counts in the node's load
  std::optional<health::NodeId> failed_node_;
  std::uint32_t early_events_ = 0;  // of the client, before there was a server to relay to
};

std::string_view to_string(Session::State state);
/// Is that a line of the table above?
bool may_become(Session::State from, Session::State to);

}  // namespace sengu::proxy
