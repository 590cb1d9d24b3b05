// The statements of each step, in order, and what their answers come to. Blocking, over whatever carries
// a statement; knows neither threads nor sockets nor clocks. Decides nothing, repeats nothing: that a promotion worked is
// for a probe to observe.
//
// What is never done: the applier (SQL thread) is neither stopped nor started while something received is not applied,
// but where the source changes: MariaDB drops its relay log then (tried on 10.11).
#pragma once

#include <functional>
#include <string>

#include "health/model/messages.hpp"
#include "health/mysql/options.hpp"
#include "health/mysql/table.hpp"

namespace sengu::health::mysql {

struct StepOutcome {
  StepResult result = StepResult::done;
  std::string text;   // for people: which statement failed and how; never with a password
  bool operator==(const StepOutcome&) const = default;
};

/// `time_left`: of the step. Each script may be run again after any of its statements (idempotent).
StepOutcome carry_out(const RunStep& step, const NodeOptions& options, const Ask& ask, const std::function<Milliseconds()>& time_left);

}  // namespace sengu::health::mysql
