// `sengu check --live`: asks the servers of every group once, in parallel, and says what it found. Reads; opens no
// journal, no listener, and tells no server anything.
#pragma once

#include <string>

#include "config/settings.hpp"
#include "proxy/view/text_table.hpp"

namespace sengu::proxy {

struct LiveCheck {
  std::string text;   // for people
  bool clean = true;  // every node answered well, there is a candidate, and there are no findings
};

/// Takes at most Inspection::timeouts times the longest health.timeout.
LiveCheck check_live(const config::Settings& settings, Colour colour);

}  // namespace sengu::proxy
