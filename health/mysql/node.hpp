// One MySQL or MariaDB server as the group's driver sees it: it can be asked (probe, ask_deciders) and told (run). Puts
// NodeProbe, SourceWatch, PositionWatch and run_step behind one object with one set of options. Control thread only.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "config/base/gate.hpp"
#include "health/mysql/link.hpp"
#include "health/mysql/options.hpp"
#include "health/mysql/position_watch.hpp"
#include "health/mysql/source_watch.hpp"
#include "health/server/node_probe.hpp"

namespace sengu::health::mysql {

class MySqlNode final : public ServerNode {
 public:
  MySqlNode(boost::asio::io_context& io, NodeOptions options, ProbeCallbacks callbacks);
  ~MySqlNode() override;
  MySqlNode(const MySqlNode&) = delete;
  MySqlNode& operator=(const MySqlNode&) = delete;

  /// As NodeProbe::probe.
  void probe(ProbeVia via) override { probe_.probe(via); }
  void run(const RunStep& step, StepCallback done) override;
  /// Asks over the kept connection, after the questions that are open there.
  void ask_deciders(Milliseconds timeout, Lane, DecidersCallback done) override;
  /// Over the kept connection, or over one of its own where a privilege was granted since the kept one logged in.
  void ask_events(Milliseconds timeout, EventsCallback done) override;
  void close() override;

 private:
  ProbeCallbacks watch_source(ProbeCallbacks callbacks);
  void ask_lock_holder(Milliseconds timeout, DecidersCallback done);
  DecidersAnswer read(const LockHolder& holder) const;
  void ask_kept_for_events(Milliseconds timeout, EventsCallback done);

  boost::asio::io_context& io_;
  const NodeOptions options_;
  SourceWatch source_;
  PositionWatch position_;
  NodeProbe probe_;
  Gate open_;  // closed by close(); steps and questions look at it
};

}  // namespace sengu::health::mysql
