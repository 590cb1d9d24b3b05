#include "health/mysql/node.hpp"

#include <utility>

#include "health/mysql/steps.hpp"

namespace sengu::health::mysql {

MySqlNode::MySqlNode(boost::asio::io_context& io, NodeOptions options, ProbeCallbacks callbacks)
    : io_(io), options_(std::move(options)), probe_(io, options_, std::move(callbacks)) {}

MySqlNode::~MySqlNode() { close(); }

void MySqlNode::run(const RunStep& step, StepCallback done) {
  run_step(io_, options_, step, [open = std::weak_ptr<const int>(open_), done = std::move(done)](StepResult result, std::string text) {
    if (!open.expired()) done(result, std::move(text));
  });
}

void MySqlNode::ask_deciders(Milliseconds timeout, DecidersCallback done) {
  probe_.ask_deciders(timeout, [open = std::weak_ptr<const int>(open_), done = std::move(done)](DecidersAnswer answer) {
    if (!open.expired()) done(std::move(answer));
  });
}

void MySqlNode::close() {
  open_.reset();
  probe_.close();
}

}  // namespace sengu::health::mysql
