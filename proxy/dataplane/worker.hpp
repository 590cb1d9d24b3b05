// One data thread: its ready set, its sessions and listeners, and the table they obey. Other threads reach it only
// through its mailbox, by hand_over(), join() and the post_ calls below. It has a loop of its own: under Asio's loop
// each wake-up took four system calls more, and a single client's request half as much CPU again.
#pragma once

#include <boost/asio/io_context.hpp>

#include <thread>

#include "proxy/dataplane/listener.hpp"
#include "proxy/dataplane/mailbox.hpp"
#include "proxy/dataplane/session.hpp"

namespace sengu::proxy {

class alignas(cache_line) Worker {
 public:
  /// Chooses the worker for a new client. Must outlive the worker; called on its thread.
  using Chooser = std::function<Worker&()>;

  Worker(boost::asio::io_context& control, const config::Settings& settings, const health::ConfiguredGroups& groups,
         SharedCounts& shared, std::shared_ptr<const RoutingTable> first_table, const Callbacks& callbacks,
         std::size_t most_pipes);
  ~Worker();
  Worker(const Worker&) = delete;

  // Before start():
  void add_listener(net::Fd socket, ListenerSettings settings, Chooser chooser);

  // From the control thread:
  void start();
  /// The worker takes the table over, cuts the sessions of `group` that the table no longer allows, then calls
  /// `cut_done` on its own thread: from then on these sessions pass no byte. If they are many, the sockets of some are
  /// reset only in the turns that follow.
  void post_table(std::shared_ptr<const RoutingTable> table, health::GroupId group, std::function<void()> cut_done);
  /// For sessions to a master, the tables posted so far hold until `end`. Without a first call they hold for ever.
  void post_lease(health::Time end);
  void post_stop_accepting();
  void post_cut_all();
  /// Ends the thread after the work posted before is done; resets the sessions that are left.
  void join();
  const WorkerCounters& counters() const { return context_.counters; }

  // From any thread:
  std::size_t load() const { return load_.load(std::memory_order_relaxed); }
  /// Gives the client to this worker; it counts in load() at once.
  void hand_over(Arrival arrival);

 private:
  void run();
  /// How long the thread may sleep; nothing: for ever.
  std::optional<std::chrono::nanoseconds> patience() const;
  void adopt(Arrival arrival);
  void renew_lease(health::Time end);
  void apply(std::shared_ptr<const RoutingTable> table, health::GroupId group);
  void end_cut_sessions();
  void end_next_cut();
  void reset_all();
  void run_posted();
  void run_again();
  void run_deadlines();
  void retry_listeners();
  void bury();
  void report_ended();
  void tell_connect_failed(health::GroupId group, health::NodeId node);

  boost::asio::io_context& control_;
  const Callbacks& callbacks_;
  WorkerContext context_;
  Mailbox mailbox_{context_.ready};
  health::Time last_traffic_{};
  enum class Life : std::uint8_t { running, ended } life_ = Life::running;
  std::vector<std::vector<health::Time>> told_;  // by group and node: when a failed connect was reported last
  std::deque<Listener> listeners_;
  std::deque<std::pair<health::Time, Listener*>> pauses_;  // the listeners to retry, and when
  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<std::vector<Session*>> of_group_;  // the same, by GroupId: a table touches one group's sessions only
  std::vector<SessionRecord> ended_;             // in this turn, for the session log
  alignas(cache_line) std::atomic<std::size_t> load_{0};  // the listeners of all workers write it
  std::thread thread_;
};

}  // namespace sengu::proxy
