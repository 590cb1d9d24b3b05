// One Redis server as the group's driver sees it: it can be asked (probe, ask_deciders) and told (run). Puts NodeProbe,
// ask_deciders and run_step behind one object with one set of credentials. Control thread only.
#pragma once

#include "config/base/gate.hpp"
#include "health/redis/deciders.hpp"
#include "health/redis/steps.hpp"
#include "health/server/node_probe.hpp"

namespace sengu::health::redis {

struct NodeOptions {
  Endpoint address;
  Credentials credentials;
  Milliseconds probe_timeout{500};
  Places places = {};  // for whatever is beside the kept connection
};

class RedisNode final : public ServerNode {
 public:
  RedisNode(boost::asio::io_context& io, NodeOptions options, ProbeCallbacks callbacks);
  ~RedisNode() override;
  RedisNode(const RedisNode&) = delete;
  RedisNode& operator=(const RedisNode&) = delete;

  /// As NodeProbe::probe.
  void probe(ProbeVia via) override { probe_.probe(via); }
  void run(const RunStep& step, StepCallback done) override;
  /// The `timeout` of a patient question begins when the question gets its place.
  void ask_deciders(Milliseconds timeout, Lane lane, DecidersCallback done) override;
  void hurry() override { options_.places.hurry(question_); }
  void close() override;

 private:
  boost::asio::io_context& io_;
  NodeOptions options_;
  NodeProbe probe_;
  Places::Ticket question_{};  // of the last question for other deciders
  Gate open_;                  // closed by close(); steps and questions look at it
};

}  // namespace sengu::health::redis
