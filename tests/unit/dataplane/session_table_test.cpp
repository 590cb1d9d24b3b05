// The table of a session's states in the header of session.hpp, read back against what each change of state asserts.
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "proxy/dataplane/session.hpp"
#include "tests/support/source_dir.hpp"

using namespace sengu;
using proxy::Session;

TEST_CASE("session: its states may become what the table in its header says") {
  std::ifstream file(test::source_dir() + "/proxy/dataplane/session.hpp");
  REQUIRE(file);
  std::map<std::string, std::set<std::string>> table;
  for (std::string line; std::getline(file, line) && !line.starts_with("#pragma");) {
    if (!line.starts_with("//   ")) continue;
    std::istringstream words(line.substr(2));
    std::string from, to;
    words >> from;
    while (words >> to) table[from].insert(to.substr(0, to.find(',')));
  }
  table.erase("state");  // the heading
  CHECK(table.size() == 7);
  using enum Session::State;
  constexpr std::array all{arrived, parked, connecting, relaying, resetting, refusing, cut, closed};
  for (const auto from : all) {
    for (const auto to : all) {
      const std::string name(to_string(from)), next(to_string(to));
      CAPTURE(name);
      CAPTURE(next);
      CHECK(may_become(from, to) == table[name].contains(next));
    }
  }
}
