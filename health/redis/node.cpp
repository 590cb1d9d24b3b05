#include "health/redis/node.hpp"

#include <utility>

namespace sengu::health::redis {

RedisNode::RedisNode(boost::asio::io_context& io, NodeOptions options, ProbeCallbacks callbacks)
    : io_(io), options_(std::move(options)),
      probe_([this](ProbeLink::Listener& listener) {
               return Link::open(io_, options_.address, options_.credentials, options_.probe_timeout, listener);
             },
             std::move(callbacks)) {}

RedisNode::~RedisNode() { close(); }

void RedisNode::run(const RunStep& step, StepCallback done) {
  run_step(io_, options_.address, options_.credentials, step,
           [open = std::weak_ptr<const int>(open_), done = std::move(done)](StepResult result, std::string text) {
             if (!open.expired()) done(result, std::move(text));
           });
}

void RedisNode::ask_deciders(Milliseconds timeout, DecidersCallback done) {
  redis::ask_deciders(io_, options_.address, options_.credentials, probe_.connections(), timeout,
                      [open = std::weak_ptr<const int>(open_), done = std::move(done)](DecidersAnswer answer) {
                        if (!open.expired()) done(std::move(answer));
                      });
}

void RedisNode::close() {
  open_.reset();
  probe_.close();
}

}  // namespace sengu::health::redis
