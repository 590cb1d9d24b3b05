// Runs one step against one server, over a connection and on a thread of the step's own, with one deadline for the
// whole step. The statements are script.hpp's. Control thread only.
#pragma once

#include <boost/asio/io_context.hpp>

#include "health/mysql/options.hpp"
#include "health/server/server_node.hpp"

namespace sengu::health::mysql {

/// Runs step.step against the node within step.timeout from now (connect, login and script together), then calls `done`
/// once, on the control thread, never from within run_step. No statement is sent after that deadline, nor once this
/// process was stalled for a second since the step began, however late the stall is noticed.
///   unreachable  not logged in, in time: nothing was carried out
///   failed       an error, the connection closed, or no answer in time. The text says whether the statement under way
///                was ended at the server (KILL, and seen gone); else it may be carried out all the same. For that the
///                answer comes up to a second after the deadline
///   done         every statement was answered
/// Requires step.master to be another than the node for repoint and demote.
void run_step(boost::asio::io_context& io, const NodeOptions& options, const RunStep& step, StepCallback done);

}  // namespace sengu::health::mysql
