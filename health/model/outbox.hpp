// Where the parts of a group put the commands of one step, with serials that pair each with its answer.
#pragma once

#include "health/model/messages.hpp"

namespace sengu::health {

struct Outbox {
  Commands commands;
  std::uint64_t last_serial = 0;

  Serial next_serial() { return Serial{++last_serial}; }
  void send(Command command) { commands.push_back(std::move(command)); }
};

}  // namespace sengu::health
