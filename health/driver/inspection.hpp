// Asks each node of a group once for its health, for other deciders and for its scheduled events, and is done. Has no
// way to run a step, to write a journal or to route: its findings are for people. Control thread only.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "health/core/judgement/first_sight.hpp"
#include "health/server/server_node.hpp"

namespace sengu::health {

class Inspection {
 public:
  /// The inspection is over after so many probe timeouts, even where a node has not answered by then; usually after
  /// milliseconds.
  static constexpr int timeouts = 4;

  /// Asks at once. `settings` outlive the inspection. `instance` is for NodeFactory, which may throw; `done` is called
  /// once, never from within.
  Inspection(boost::asio::io_context& io, const config::GroupSettings& settings, const std::string& instance,
             std::function<void()> done);
  ~Inspection();
  Inspection(const Inspection&) = delete;
  Inspection& operator=(const Inspection&) = delete;

  const config::GroupSettings& settings() const { return settings_; }
  /// By NodeId. Complete once `done` was called; a node that said nothing has the outcome l7_timeout.
  const std::vector<FirstAnswer>& answers() const { return answers_; }
  /// The running sengu of this same configuration, under the name and address that the servers give; for MySQL the
  /// holder of the lock. Empty where no such sengu was seen. answers() leave these names out: that sengu is no other
  /// decider.
  const std::set<std::string>& own_sengu() const { return own_sengu_; }

 private:
  void take(NodeId id, const Observation& seen);
  void take(NodeId id, DecidersAnswer answer);
  void take(NodeId id, EventsAnswer answer);
  void leave_out_own(std::vector<std::string>& names);
  void end_one(NodeId id);
  void end();

  const config::GroupSettings& settings_;
  const std::string own_name_;
  std::function<void()> done_;  // empty once it was called
  boost::asio::steady_timer deadline_;
  std::vector<std::unique_ptr<ServerNode>> nodes_;
  std::vector<FirstAnswer> answers_;
  enum class Stage : std::uint8_t { probing, asking, ended };
  std::vector<Stage> stages_;
  std::set<std::string> own_sengu_;
};

}  // namespace sengu::health
