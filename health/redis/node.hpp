// One Redis server as the monitor sees it: it can be asked (probe, ask_deciders) and told (run). Puts NodeProbe,
// ask_deciders and run_step behind one object with one set of credentials. Control thread only.
#pragma once

#include "health/redis/deciders.hpp"
#include "health/redis/probe.hpp"
#include "health/redis/steps.hpp"

namespace sengu::health::redis {

struct NodeOptions {
  Endpoint address;
  Credentials credentials;
  Milliseconds probe_timeout{500};
};

class RedisNode {
 public:
  RedisNode(boost::asio::io_context& io, NodeOptions options, NodeProbe::Callbacks callbacks);
  ~RedisNode();
  RedisNode(const RedisNode&) = delete;
  RedisNode& operator=(const RedisNode&) = delete;

  /// As NodeProbe::probe.
  void probe(ProbeVia via) { probe_.probe(via); }
  /// As run_step; `done` is not called once close() was.
  void run(const RunStep& step, StepCallback done);
  /// As redis::ask_deciders; `done` is not called once close() was.
  void ask_deciders(Milliseconds timeout, DecidersCallback done);
  /// No callback comes after it. Steps that were sent are carried out all the same.
  void close();

 private:
  boost::asio::io_context& io_;
  const NodeOptions options_;
  NodeProbe probe_;
  std::shared_ptr<const int> open_ = std::make_shared<const int>(0);  // reset by close(); steps look at it
};

}  // namespace sengu::health::redis
