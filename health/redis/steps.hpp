// Tells one server what to be: the scripts of fence, promote, repoint and demote, each over a connection of its own and
// with one deadline. Owns the words that are sent (tried on Redis 5.0 to 8 and Valkey 9). Decides nothing, repeats
// nothing and believes nothing: that a promotion worked is for a probe to observe. Control thread only.
#pragma once

#include <boost/asio/io_context.hpp>

#include "health/redis/link.hpp"
#include "health/server/places.hpp"
#include "health/server/server_node.hpp"

namespace sengu::health::redis {

/// Runs step.step against `node` within step.timeout from `began` on (connect, AUTH and script together), then calls
/// `done` once, on the control thread, never from within run_step. Nothing is sent after that deadline, nor once this
/// process was stalled for a second since the step began, however late the stall is noticed.
///   unreachable  not connected in time, or no TLS with it: nothing of the script was sent
///   failed       an error reply, the connection closed, or no answer in time. It may have been carried out all the
///   same. done         what matters was answered OK; CONFIG REWRITE may have failed (text says so; a server started
///   without
///                a configuration file always does)
/// `place` is held as long as the connection.
/// Requires step.master != node for repoint and demote: a replica of itself would be no replica of anything.
void run_step(boost::asio::io_context& io, const Endpoint& node, const Credentials& credentials, const RunStep& step,
              StepCallback done, Time began = Time::clock::now(), Places::Place place = {});

}  // namespace sengu::health::redis
