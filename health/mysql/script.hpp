// The statements of each step, in order, and the outcome that their answers mean. Blocks, and sends each statement
// through an `Ask`; knows neither threads nor sockets nor clocks. Decides nothing and repeats nothing: a probe observes
// whether a promotion worked.
//
// No script stops or starts the applier (SQL thread) while a received transaction is not applied, except where the
// source changes: MariaDB drops its relay log when the applier is started again (tried on 10.11).
#pragma once

#include <functional>
#include <string>

#include "health/model/messages.hpp"
#include "health/mysql/options.hpp"
#include "health/mysql/table.hpp"

namespace sengu::health::mysql {

struct StepOutcome {
  StepResult result = StepResult::done;
  std::string text;  // for people: which statement failed and how; never with a password
  bool operator==(const StepOutcome&) const = default;
};

/// `time_left`: of the step. Each script may be run again after any of its statements (idempotent).
StepOutcome carry_out(const RunStep& step, const NodeOptions& options, const Ask& ask,
                      const std::function<Milliseconds()>& time_left);

}  // namespace sengu::health::mysql
