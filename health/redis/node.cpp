#include "health/redis/node.hpp"

#include <utility>

namespace sengu::health::redis {

RedisNode::RedisNode(boost::asio::io_context& io, NodeOptions options, ProbeCallbacks callbacks)
    : io_(io), options_(std::move(options)),
      probe_(
          [this](ProbeLink::Listener& listener, LinkUse use) {
            if (use == LinkUse::kept)
              return Link::open(io_, options_.address, options_.credentials, options_.probe_timeout, listener);
            return Link::open_in_turn(io_, options_.address, options_.credentials, options_.probe_timeout, listener,
                                      options_.places);
          },
          std::move(callbacks)) {}

RedisNode::~RedisNode() { close(); }

void RedisNode::run(const RunStep& step, StepCallback done) {
  const Gate::Pass open = open_.pass();
  auto tell = [open, done = std::move(done)](StepResult result, std::string text) {
    if (open.open()) done(result, std::move(text));
  };
  options_.places.wait(Lane::urgent,
                       [this, open, step, tell = std::move(tell), began = Time::clock::now()](Places::Place place) {
                         if (open.open())
                           run_step(io_, options_.address, options_.credentials, step, tell, began, std::move(place));
                       });
}

void RedisNode::ask_deciders(Milliseconds timeout, Lane lane, DecidersCallback done) {
  const Gate::Pass open = open_.pass();
  auto tell = [open, done = std::move(done)](DecidersAnswer answer) {
    if (open.open()) done(std::move(answer));
  };
  const Time asked = Time::clock::now();
  question_ =
      options_.places.wait(lane, [this, open, timeout, lane, asked, tell = std::move(tell)](Places::Place place) {
        if (!open.open()) return;
        const Time began = lane == Lane::patient ? Time::clock::now() : asked;
        redis::ask_deciders(io_, options_.address, options_.credentials, probe_.connections(), timeout, tell, began,
                            std::move(place));
      });
}

void RedisNode::close() {
  open_.close();
  probe_.close();
}

}  // namespace sengu::health::redis
