// The command line of the fake servers: sengu_nodes_responder GROUPS. Commands come on stdin, one a line, and each is
// answered with one line on stdout, a JSON object. Ends with stdin.
//   gaps MICROSECONDS   how late probes were sent, against a schedule of so many, since the last `gaps`: number, p50,
//   p99, worst (us) kill FIRST COUNT    the masters of these groups die, all before anybody is answered again; tells
//   when (Unix time, ns) promotions          each promotion so far: group, and how long after its master's death (us)
//   connections         how many there are now
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "bench/nodes_responder/server.hpp"

namespace {

using namespace bench;

std::string lateness(std::vector<std::int64_t> gaps, std::int64_t interval_us) {
  std::sort(gaps.begin(), gaps.end());
  const auto at = [&](double share) -> long long {
    if (gaps.empty()) return 0;
    const auto place = static_cast<std::size_t>(share * static_cast<double>(gaps.size() - 1));
    return gaps[place] / 1000 - interval_us;
  };
  char text[160];
  std::snprintf(text, sizeof text, R"({"count": %zu, "p50": %lld, "p99": %lld, "worst": %lld})", gaps.size(), at(0.5),
                at(0.99), at(1));
  return text;
}

std::string kill_masters(Server& server, const Fleet& fleet, std::size_t first, std::size_t count) {
  const auto began = std::chrono::system_clock::now().time_since_epoch();
  for (std::size_t group = first; group < std::min(first + count, fleet.groups()); ++group) server.kill_master(group);
  return R"({"at": )" + std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(began).count()) + "}";
}

std::string promotions(const Fleet& fleet) {
  std::string text = R"({"promotions": [)";
  for (const auto& one : fleet.promotions()) {
    if (text.back() == ']') text += ", ";
    const auto after = std::chrono::duration_cast<std::chrono::microseconds>(one.after);
    text += "[" + std::to_string(one.group) + ", " + std::to_string(after.count()) + "]";
  }
  return text + "]}";
}

std::string execute(Server& server, const Fleet& fleet, const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  std::size_t first = 0, second = 0;
  words >> verb >> first >> second;
  if (verb == "gaps") return lateness(server.take_gaps(), static_cast<std::int64_t>(first));
  if (verb == "kill") return kill_masters(server, fleet, first, second);
  if (verb == "promotions") return promotions(fleet);
  if (verb == "connections") return R"({"now": )" + std::to_string(server.connections()) + "}";
  return R"({"error": "no such command"})";
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t groups = argc == 2 ? static_cast<std::size_t>(std::atol(argv[1])) : 0;
  if (groups == 0) {
    std::fprintf(stderr, "usage: sengu_nodes_responder GROUPS\n");
    return 2;
  }
  try {
    Fleet fleet(groups, std::chrono::steady_clock::now());
    Server server(fleet, STDIN_FILENO);
    std::printf("{\"groups\": %zu}\n", groups);
    std::fflush(stdout);
    for (std::string waiting;;) {
      if (!server.turn()) continue;
      char bytes[256];
      const auto size = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (size <= 0) return 0;
      waiting.append(bytes, static_cast<std::size_t>(size));
      for (auto end = waiting.find('\n'); end != std::string::npos; end = waiting.find('\n')) {
        std::printf("%s\n", execute(server, fleet, waiting.substr(0, end)).c_str());
        waiting.erase(0, end + 1);
      }
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sengu_nodes_responder: %s\n", error.what());
    return 1;
  }
}
